#include "api/dubbo/task_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "convert/convert.h"

namespace meepo::api {
namespace {

using testing::HasSubstr;

/// Attachments of texts, in a document that lives as long.
class TaskOptions : public testing::Test {
 protected:
  dubbo::Attachments texts(std::initializer_list<std::pair<const char*, const char*>> pairs) {
    dubbo::Attachments out;
    for (const auto& [name, value] : pairs) out.entries.emplace_back(name, document.string(value));
    return out;
  }
  Result<v1::TaskSpec> read(const dubbo::Attachments& attachments) {
    v1::TaskSpec spec;
    if (auto put = put_options(attachments, spec); !put) return fail(std::move(put.error()));
    return spec;
  }
  hessian2::Document document;
};

TEST_F(TaskOptions, EachAttachmentIsItsOption) {
  const auto spec = read(texts({{"appId", "shop"},
                                {"path", "org.cheng.meepo.task.service.TaskService"},
                                {"meepo.requestId", "r-1"},
                                {"meepo.uniqueKey", "u"},
                                {"meepo.name", "对账"},
                                {"meepo.zone", "Asia/Tokyo"},
                                {"meepo.runOnce", "true"},
                                {"meepo.timeoutMs", "1500"},
                                {"meepo.priority", "0"},
                                {"meepo.retry", "fixed:3:1s"},
                                {"meepo.onLost", "unknown"},
                                {"meepo.misfire", "all:5,1h"},
                                {"meepo.overlap", "buffer-one"},
                                {"meepo.startAt", "2026-11-26T09:30:00+08:00"},
                                {"meepo.endAt", "2026-11-27T09:30:00+08:00"},
                                {"meepo.maxCount", "7"},
                                {"meepo.jitterMs", "250"},
                                {"meepo.dst", "once"},
                                {"meepo.label.team", "pay"},
                                {"meepo.group", "blue"},
                                {"meepo.token", "secret"}}))
                        .value();
  EXPECT_EQ(spec.app_id(), "shop");
  EXPECT_EQ(spec.request_id(), "r-1");
  EXPECT_EQ(spec.unique_key(), "u");
  EXPECT_EQ(spec.name(), "对账");
  EXPECT_EQ(spec.zone(), "Asia/Tokyo");
  EXPECT_TRUE(spec.run_once());
  EXPECT_EQ(spec.timeout_ms(), 1'500U);
  EXPECT_TRUE(spec.has_priority());
  EXPECT_EQ(spec.priority(), 0U);
  EXPECT_EQ(spec.retry().fixed().max_retries(), 3U);
  EXPECT_EQ(spec.on_lost(), v1::ON_LOST_UNKNOWN);
  EXPECT_EQ(spec.misfire().max(), 5U);
  EXPECT_EQ(spec.overlap(), v1::Overlap::BUFFER_ONE);
  EXPECT_EQ(spec.end_at().seconds() - spec.start_at().seconds(), 86'400);
  EXPECT_EQ(spec.max_count(), 7U);
  EXPECT_EQ(spec.jitter_ms(), 250U);
  EXPECT_EQ(spec.dst(), v1::Dst::ONCE);
  EXPECT_EQ(spec.labels().at("team"), "pay");
  EXPECT_EQ(target_group(texts({{"meepo.group", "blue"}})).value(), "blue");
}

TEST_F(TaskOptions, NumbersAndBooleansAreTakenAsSuch) {
  dubbo::Attachments attachments;
  attachments.entries = {{"meepo.timeoutMs", hessian2::Document::integer(5)},
                         {"meepo.maxCount", hessian2::Document::long_integer(6)},
                         {"meepo.runOnce", hessian2::Document::boolean(true)}};
  const auto spec = read(attachments).value();
  EXPECT_EQ(spec.timeout_ms(), 5U);
  EXPECT_EQ(spec.max_count(), 6U);
  EXPECT_TRUE(spec.run_once());
}

TEST_F(TaskOptions, TheAppIsTheConsumersNameWhereNoneIsGiven) {
  EXPECT_EQ(read(texts({{"remote.application", "order-service"}}))->app_id(), "order-service");
  EXPECT_EQ(read(texts({{"remote.application", "order-service"}, {"appId", "shop"}}))->app_id(), "shop");
  EXPECT_EQ(read({})->app_id(), "dubbo");
}

TEST_F(TaskOptions, RefusesWhatIsNotKnownAndBadValuesByName) {
  struct Case {
    const char* name;
    const char* value;
    const char* expected;
  };
  for (const Case& c :
       {Case{"meepo.retries", "3", "meepo.retry"}, Case{"meepo.", "", "not known"}, Case{"meepo.runOnce", "yes", "true or false"},
        Case{"meepo.timeoutMs", "1s", "whole number"}, Case{"meepo.timeoutMs", "0", "at least 1"},
        Case{"meepo.priority", "-1", "whole number"}, Case{"meepo.retry", "3", "fixed:3:1s"}, Case{"meepo.onLost", "x", "rerun or unknown"},
        Case{"meepo.misfire", "x", "once, skip"}, Case{"meepo.overlap", "x", "buffer-one"}, Case{"meepo.startAt", "tomorrow", "ISO 8601"},
        Case{"meepo.dst", "x", "spring or once"}, Case{"meepo.maxCount", "4294967296", "whole number"}}) {
    const auto spec = read(texts({{c.name, c.value}}));
    ASSERT_FALSE(spec) << c.name;
    EXPECT_EQ(spec.error().field, c.name);
    EXPECT_THAT(spec.error().message, HasSubstr(c.name));
    EXPECT_THAT(spec.error().message, HasSubstr(c.expected));
  }
  dubbo::Attachments list;
  list.entries.emplace_back("meepo.name", document.list("", {document.string("a")}));
  EXPECT_THAT(read(list).error().message, HasSubstr("meepo.name"));
}

}  // namespace
}  // namespace meepo::api
