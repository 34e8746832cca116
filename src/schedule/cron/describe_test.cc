#include <gtest/gtest.h>

#include "schedule/cron/expression.h"

namespace meepo::cron {
namespace {

struct Case {
  const char* expression;
  const char* english;
  const char* chinese;
};

TEST(Describe, SaysInWordsWhatAnExpressionMeans) {
  for (const Case& each : std::initializer_list<Case>{
           {"* * * * * *", "Every second", "每秒"},
           {"*/5 * * * * *", "Every 5 seconds", "每5秒"},
           {"*/7 * * * * *", "Every 7 seconds from second 0 of every minute", "每分钟内从第0秒起每7秒"},
           {"0 * * * * *", "Every minute", "每分钟"},
           {"30 */2 * * * *", "At second 30 of every 2nd minute", "每2分钟的第30秒"},
           {"0 */15 * * * *", "Every 15 minutes", "每15分钟"},
           {"0 0 * * * *", "Every hour", "每小时"},
           {"@hourly", "Every hour", "每小时"},
           {"@daily", "At 00:00 every day", "每天 00:00"},
           {"@weekly", "At 00:00, on Sunday", "周日 00:00"},
           {"@yearly", "At 00:00, on day 1 of the month, in January", "1月的1日 00:00"},
           {"0 30 * * * *", "At minute 30 of every hour", "每小时的第30分"},
           {"0 0,15,30,45 * * * *", "At minutes 0, 15, 30 and 45 of every hour", "每小时的第0、15、30和45分"},
           {"0 5-25/5 * * * *", "Every 5 minutes from minute 5 to 25 of every hour", "每小时内从第5分到第25分每5分钟"},
           {"0 0 */2 * * *", "Every 2 hours", "每2小时"},
           {"0 0 1/5 * * *", "Every 5 hours from 01:00", "从1时起每5小时"},
           {"0 30 9 * * *", "At 09:30 every day", "每天 09:30"},
           {"15 30 9 * * *", "At 09:30:15 every day", "每天 09:30:15"},
           {"0 0 9-17 * * *", "Every hour from 09:00 to 17:00", "9时至17时的每个整点"},
           {"0 0 9-17 * * MON-FRI", "Every hour from 09:00 to 17:00, Monday to Friday", "周一至周五，9时至17时的每个整点"},
           {"0 0 9-12,14-18,20 * * MON-FRI", "Every hour from 09:00 to 12:00 and from 14:00 to 18:00 and at 20:00, Monday to Friday",
            "周一至周五，9时至12时、14时至18时和20时的每个整点"},
           {"0 0/30 8-10 * * *", "Every 30 minutes from 08:00 to 10:59", "8时至10时内每30分钟"},
           {"0 * 14 * * ?", "Every minute from 14:00 to 14:59", "14时内每分钟"},
           {"* * 14 * * ?", "Every second from 14:00 to 14:59", "14时内每秒"},
           {"0 30 8-18/2 * * *", "At minute 30 of every 2nd hour from hour 8 to 18", "从8时到18时每2小时的第30分"},
           {"0 0 8-18/2 * * *", "Every 2 hours from 08:00 to 18:00", "从8时到18时每2小时"},
           {"0 0 6,19 * * *", "At 06:00 and 19:00 every day", "每天 06:00和19:00"},
           {"10,20,30 0 0 * * *", "At 00:00:10, 00:00:20 and 00:00:30 every day", "每天 00:00:10、00:00:20和00:00:30"},
           {"*/10 */10 */3 * * *", "Every 10 seconds of every 10th minute of every 3rd hour", "每3小时内每10分钟内每10秒"},
           {"0 1,2,3,5,8 * * * *", "In minutes 1 to 3, 5 and 8 of every hour", "每小时的第1至3、5和8分"},
           {"0 0 12 1 * *", "At 12:00, on day 1 of the month", "每月1日 12:00"},
           {"0 0 0 1,15 * *", "At 00:00, on days 1 and 15 of the month", "每月1日和15日 00:00"},
           {"0 0 0 */2 * *", "At 00:00, on every 2nd day from day 1 of the month", "每月从1日起每2天 00:00"},
           {"0 0 0 10-20/5 * *", "At 00:00, on every 5th day from day 10 to 20 of the month", "每月从10日到20日每5天 00:00"},
           {"0 0 0 1 */3 *", "At 00:00, on day 1 of the month, in January, April, July and October", "1月、4月、7月和10月的1日 00:00"},
           {"0 0 0 1 6-8 *", "At 00:00, on day 1 of the month, from June to August", "6月至8月的1日 00:00"},
           {"0 0 0 L * *", "At 00:00, on the last day of the month", "每月最后一天 00:00"},
           {"0 0 0 L-1 * *", "At 00:00, on the 2nd to last day of the month", "每月倒数第2天 00:00"},
           {"0 0 0 L-3 * *", "At 00:00, on the 4th to last day of the month", "每月倒数第4天 00:00"},
           {"0 0 0 LW * *", "At 00:00, on the last weekday (Monday to Friday) of the month", "每月最后一个工作日（周一至周五） 00:00"},
           {"0 0 0 15W * *", "At 00:00, on the weekday nearest to day 15 of the month", "每月离15日最近的工作日 00:00"},
           {"0 0 0 1,L * *", "At 00:00, on day 1 and the last day of the month", "每月1日和最后一天 00:00"},
           {"0 0 0 * * FRIL", "At 00:00, on the last Friday of the month", "当月最后一个周五 00:00"},
           {"0 0 0 ? * MON#1,FRI#2", "At 00:00, on the first Monday of the month and the second Friday of the month",
            "当月第一个周一和当月第二个周五 00:00"},
           {"0 0 9 * * TUE,THUL", "At 09:00, on Tuesday and the last Thursday of the month", "周二和当月最后一个周四 09:00"},
           {"0 10,44 14 * 3 WED", "At 14:10 and 14:44, on Wednesday, in March", "3月的周三 14:10和14:44"},
           {"0 0 0 * * SAT,SUN", "At 00:00, on Saturday and Sunday", "周六和周日 00:00"},
           {"0 0 0 13 * FRI", "At 00:00, on day 13 of the month, but only on Friday", "每月13日且须为周五 00:00"},
           {"0 0 12 25-31 12 MON-FRI", "At 12:00, on days 25 to 31 of the month, but only on Monday to Friday, in December",
            "12月的25日至31日且须为周一至周五 12:00"},
           {"0 30 17 L 2 *", "At 17:30, on the last day of the month, in February", "2月的最后一天 17:30"},
           {"0 0 0 29 2 ?", "At 00:00, on day 29 of the month, in February", "2月的29日 00:00"},
           {"0 0 0 30 2 ?", "At 00:00, on day 30 of the month, in February (never: there is no such day)",
            "2月的30日 00:00（永不执行：没有这样的日期）"},
           {"0 */10 * * 1 *", "Every 10 minutes, in January", "1月每天，每10分钟"},
           {"0 */10 * * * SUN", "Every 10 minutes, on Sunday", "周日，每10分钟"},
           {"0 */7 * * * *", "Every 7 minutes from minute 0 of every hour", "每小时内从第0分起每7分钟"},
           {"0 0 0 L-2 6-8 MON-FRI", "At 00:00, on the 3rd to last day of the month, but only on Monday to Friday, from June to August",
            "6月至8月的倒数第3天且须为周一至周五 00:00"},
           {"0 0 0 ? * 5#6", "At 00:00, on the 6th Friday of the month (never: there is no such day)",
            "当月第6个周五 00:00（永不执行：没有这样的日期）"},
           {"30 10 */2 * * *", "At second 30 of minute 10 of every 2nd hour", "每2小时的第10分的第30秒"},
           {"* * 1,2 * * *", "Every second from 01:00 to 01:59 and from 02:00 to 02:59", "1时和2时内每秒"},
       }) {
    const auto expression = Expression::parse(each.expression);
    ASSERT_TRUE(expression) << expression.error().message;
    EXPECT_EQ(expression->describe(Language::English), each.english) << each.expression;
    EXPECT_EQ(expression->describe(Language::Chinese), each.chinese) << each.expression;
  }
}

}  // namespace
}  // namespace meepo::cron
