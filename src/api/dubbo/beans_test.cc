#include "api/dubbo/beans.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"
#include "protocol/hessian2/decoder.h"
#include "protocol/hessian2/encoder.h"
#include "protocol/hessian2/json.h"

namespace meepo::api {
namespace {

using hessian2::Document;
using hessian2::Value;
using testing::HasSubstr;

constexpr auto kParam = "org.cheng.meepo.task.dto.ServiceInvokeParam";

class Beans : public testing::Test {
 protected:
  Value text(std::string_view utf8) { return document.string(utf8); }
  Value types(std::initializer_list<std::string_view> names) {
    std::vector<Value> items;
    for (const auto name : names) items.push_back(text(name));
    return document.list("[string", items);
  }
  Value bean(Value params, Value param_types, Value next = {}, std::string_view method = "settle") {
    return document.object(kParam, {{"nextService", next},
                                    {"params", params},
                                    {"paramsType", param_types},
                                    {"version", text("1.0")},
                                    {"methodName", text(method)},
                                    {"interfaceName", text("com.x.Pay")}});
  }
  /// What its error says, or "" if it is taken.
  std::string refusal(const Value& value) {
    v1::TaskSpec spec;
    const auto put = put_service(value, "", spec);
    if (put) return {};
    EXPECT_EQ(put.error().code, Code::InvalidArgument);
    EXPECT_THAT(put.error().message, HasSubstr(put.error().field));
    return put.error().message;
  }
  Document document;
};

TEST_F(Beans, AServiceInvokeParamIsATarget_ItsArgumentsAreOneStream) {
  const Value shared = document.list("java.util.ArrayList", {Document::integer(1), Document::long_integer(1)});
  const Value params = document.list("[object", {shared, shared, Value()});
  v1::TaskSpec spec;
  ASSERT_TRUE(put_service(bean(params, types({"java.util.List", "java.lang.Object", "java.lang.String"})), "blue", spec));
  const auto& service = spec.target().service();
  EXPECT_EQ(service.interface(), "com.x.Pay");
  EXPECT_EQ(service.method(), "settle");
  EXPECT_EQ(service.version(), "1.0");
  EXPECT_EQ(service.group(), "blue");
  EXPECT_EQ(service.param_types(1), "java.lang.Object");
  Document read;
  const Value stored = hessian2::decode(service.params().hessian2(), read).value();
  ASSERT_EQ(stored.items().size(), 3U);
  EXPECT_EQ(stored.items()[0].identity(), stored.items()[1].identity());
  EXPECT_EQ(stored.items()[0].type(), "java.util.ArrayList");
  EXPECT_EQ(stored.items()[0].items()[0].kind(), hessian2::Kind::Int);
  EXPECT_EQ(stored.items()[0].items()[1].kind(), hessian2::Kind::Long);
  EXPECT_TRUE(stored.items()[2].is_null());
}

TEST_F(Beans, AMapIsABeanToo_AndAChainIsNext) {
  const Value third = document.map("", {{text("interfaceName"), text("a.C")}, {text("methodName"), text("c")}});
  const Value second = bean({}, {}, third, "b");
  v1::TaskSpec spec;
  ASSERT_TRUE(put_service(bean({}, document.list("[string", {}), second, "a"), "", spec));
  EXPECT_FALSE(spec.target().service().has_params());
  ASSERT_EQ(spec.next_size(), 2);
  EXPECT_EQ(spec.next(0).service().method(), "b");
  EXPECT_EQ(spec.next(1).service().interface(), "a.C");
  EXPECT_EQ(spec.next(1).service().version(), "");
}

TEST_F(Beans, RefusesWhatIsNoneNamingTheField) {
  const Value one = document.list("[object", {Document::integer(1)});
  EXPECT_THAT(refusal({}), HasSubstr("serviceInvokeParam is null"));
  EXPECT_THAT(refusal(text("x")), HasSubstr("serviceInvokeParam is a string"));
  EXPECT_THAT(refusal(bean(one, types({"int", "int"}))), HasSubstr("params is 1 long: expected 2"));
  EXPECT_THAT(refusal(bean({}, types({"int"}))), HasSubstr("params is null: expected 1"));
  EXPECT_THAT(refusal(bean(Document::integer(1), {})), HasSubstr("params is a number: expected an array"));
  EXPECT_THAT(refusal(bean(one, document.list("[string", {Document::integer(1)}))), HasSubstr("paramsType (an item) is a number"));
  EXPECT_THAT(refusal(bean(one, text("int"))), HasSubstr("paramsType is a string"));
  EXPECT_THAT(refusal(bean({}, {}, text("next"))), HasSubstr("nextService is a string"));
  EXPECT_THAT(refusal(bean({}, {}, bean(one, types({})))), testing::IsEmpty());
  EXPECT_THAT(refusal(bean({}, {}, bean(one, types({"int", "int"})))), HasSubstr("nextService.params is 1 long"));
  EXPECT_THAT(refusal(document.map("", {{text("interfaceName"), Document::boolean(true)}})), HasSubstr("interfaceName is a boolean"));
}

TEST_F(Beans, AChainIsBounded_AlsoOneThatLeadsBackIntoItself) {
  Value chain;
  for (std::size_t i = 0; i <= limits::kChainDepthMax; ++i) chain = bean({}, {}, chain);
  EXPECT_EQ(refusal(chain), "");
  EXPECT_THAT(refusal(bean({}, {}, chain)), HasSubstr("at most 32"));
  const Value endless = bean({}, {}, document.list("", {}));
  Document::replace(endless, 0, endless);
  EXPECT_THAT(refusal(endless), HasSubstr("at most 32"));
}

TEST_F(Beans, ATaskTypeIsAnObjectOrItsName) {
  const auto of_name = [&](std::string_view name) {
    return document.object("org.cheng.meepo.task.constant.TaskType", {{"name", text(name)}});
  };
  EXPECT_EQ(kind_from(of_name("LADDER")), v1::Kind::LADDER);
  EXPECT_EQ(kind_from(text("PLAN")), v1::Kind::PLAN);
  for (const Value& bad : {Value(), of_name("real"), text("KIND_UNSPECIFIED"), text(""), Document::integer(1)}) {
    const auto kind = kind_from(bad);
    ASSERT_FALSE(kind);
    EXPECT_EQ(kind.error().field, "taskType");
  }
}

v1::Task task_with(v1::Payload params, std::vector<std::string> types) {
  v1::Task task;
  task.set_id("0123456789abcdefghi");
  auto& spec = *task.mutable_spec();
  spec.set_app_id("shop");
  spec.set_kind(v1::Kind::LADDER);
  spec.set_define("0,5");
  auto& service = *spec.mutable_target()->mutable_service();
  service.set_interface("com.x.Pay");
  service.set_method("settle");
  for (auto& type : types) service.add_param_types(std::move(type));
  *service.mutable_params() = std::move(params);
  auto& next = *spec.add_next()->mutable_service();
  next.set_interface("a.B");
  next.set_method("b");
  task.set_status(v1::Status::RUNNING);
  task.mutable_latest()->set_id("0123456789abcdefghi@r0");
  task.mutable_latest()->mutable_result()->set_json(R"({"ok":true,"n":[1,2.5]})");
  return task;
}

TEST_F(Beans, ATaskIsATaskContext) {
  v1::Payload params;
  params.set_json("[7]");
  const Value context = context_from(task_with(params, {"long"}), "10.0.0.7:20881", BeanForm::Object, document);
  EXPECT_EQ(
      hessian2::to_json(context),
      R"({"$class":"org.cheng.meepo.task.dto.TaskContext","taskId":"0123456789abcdefghi","id":"0123456789abcdefghi",)"
      R"("serviceInvokeParam":{"$class":"org.cheng.meepo.task.dto.ServiceInvokeParam","interfaceName":"com.x.Pay","methodName":"settle",)"
      R"("version":null,"paramsType":["long"],"params":[7],"nextService":{"$class":"org.cheng.meepo.task.dto.ServiceInvokeParam",)"
      R"("interfaceName":"a.B","methodName":"b","version":null,"paramsType":null,"params":null,"nextService":null}},)"
      R"("taskType":{"$class":"org.cheng.meepo.task.constant.TaskType","name":"LADDER"},"executeDefine":"0,5","runOnce":false,)"
      R"("appId":"shop","scheduleServer":"10.0.0.7:20881","taskStatus":{"$class":"org.cheng.meepo.task.constant.TaskStatus",)"
      R"("name":"RUNNING"},"progressId":"0123456789abcdefghi@r0","executeResult":{"ok":true,"n":[1,2.5]}})");
  EXPECT_EQ(context.field("serviceInvokeParam").field("params").items()[0].kind(), hessian2::Kind::Long) << "as declared";
  EXPECT_EQ(context.field("serviceInvokeParam").field("params").type(), "[object");
}

TEST_F(Beans, AGenericCallerGetsMapsWithTheirClassAndEnumsAsNames) {
  const Value context = context_from(task_with({}, {}), "", BeanForm::Map, document);
  EXPECT_EQ(context.kind(), hessian2::Kind::Map);
  EXPECT_EQ(context.type(), "");
  EXPECT_EQ(context.field("class").text(), "org.cheng.meepo.task.dto.TaskContext");
  EXPECT_EQ(context.field("taskType").text(), "LADDER");
  EXPECT_EQ(context.field("serviceInvokeParam").field("class").text(), kParam);
}

TEST_F(Beans, PayloadsThatAreNothingToJavaAreNull) {
  v1::Payload payload;
  EXPECT_TRUE(value_from(payload, document).is_null());
  payload.set_json("{");
  EXPECT_TRUE(value_from(payload, document).is_null());
  payload.set_hessian2(
      "\x05"
      "ab");
  EXPECT_TRUE(value_from(payload, document).is_null());
  payload.set_bytes("ab");
  EXPECT_EQ(value_from(payload, document).kind(), hessian2::Kind::Bytes);
  payload = payload_from(text("x"), "result").value();
  EXPECT_EQ(value_from(payload, document).text(), "x");
}

}  // namespace
}  // namespace meepo::api
