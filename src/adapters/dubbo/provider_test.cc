#include "adapters/dubbo/provider.h"

#include <gtest/gtest.h>

#include <map>

namespace meepo::adapters::dubbo {
namespace {

zookeeper::Provider listed(std::string_view url, bool disabled = false, int weight = 100) {
  return {.url = zookeeper::parse_dubbo_url(url).value(), .disabled = disabled, .weight = weight};
}

TEST(Providers, AreWhatIsListedAndNotDisabled) {
  const std::vector all{listed("dubbo://10.0.0.1:20880/a.B?version=1.0&group=g&loadbalance=leastactive", false, 7),
                        listed("dubbo://10.0.0.2:20880/a.B?version=0.0.0"), listed("dubbo://10.0.0.3:20880/a.B", true),
                        listed("dubbo://10.0.0.4:20880/a.B?version=*"), listed("dubbo://10.0.0.5:20880/a.B?group=a,b")};
  const auto providers = providers_of(all);
  ASSERT_EQ(providers.size(), 2U);
  EXPECT_EQ(providers[0],
            (Provider{.address = {.host = "10.0.0.1", .port = 20880}, .version = "1.0", .group = "g", .weight = 7, .least_active = true}));
  EXPECT_EQ(providers[1].version, "") << "0.0.0 is Dubbo's word for none";
  EXPECT_EQ(providers[1].address.text(), "10.0.0.2:20880");
  EXPECT_EQ((Address{.host = "::1", .port = 5}).text(), "[::1]:5");
}

/// How often each of 1,000 draws, spread over all 64 bits, chooses which.
std::map<std::string, int> shares(std::span<const Candidate> candidates) {
  std::map<std::string, int> shares;
  for (std::uint64_t i = 0; i < 1'000; ++i) ++shares[choose(candidates, i).address.host];
  return shares;
}

TEST(Choose, ByWeightAndNoneOfWeightZeroWhileThereIsAnother) {
  const Provider one{.address = {"one", 1}, .version = {}, .group = {}, .weight = 100};
  const Provider three{.address = {"three", 1}, .version = {}, .group = {}, .weight = 300};
  const Provider none{.address = {"none", 1}, .version = {}, .group = {}, .weight = 0};
  EXPECT_EQ(shares(std::vector<Candidate>{{&one, 9}, {&three, 0}, {&none, 0}}), (std::map<std::string, int>{{"one", 300}, {"three", 700}}))
      << "1,000 draws over 400 weights: 100, 300 twice, and the first 200 again";
  EXPECT_EQ(shares(std::vector<Candidate>{{&none, 0}}), (std::map<std::string, int>{{"none", 1'000}}));
}

TEST(Choose, TheLeastActiveWhereTheProviderSaysSo) {
  const Provider one{.address = {"one", 1}, .version = {}, .group = {}, .weight = 100, .least_active = true};
  const Provider two{.address = {"two", 1}, .version = {}, .group = {}, .weight = 100, .least_active = true};
  const Provider three{.address = {"three", 1}, .version = {}, .group = {}, .weight = 300, .least_active = true};
  EXPECT_EQ(shares(std::vector<Candidate>{{&one, 2}, {&two, 1}, {&three, 3}}), (std::map<std::string, int>{{"two", 1'000}}));
  const auto equal = shares(std::vector<Candidate>{{&one, 1}, {&two, 5}, {&three, 1}});
  EXPECT_EQ(equal.size(), 2U);
  EXPECT_GT(equal.at("three"), equal.at("one"));
}

}  // namespace
}  // namespace meepo::adapters::dubbo
