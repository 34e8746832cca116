#include "api/http/page.h"

#include <fmt/format.h>

#include <map>

namespace meepo::api {
namespace {

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += c;
    }
  }
  return out;
}

std::string table(std::string_view caption, const google::protobuf::Map<std::string, std::uint32_t>& counts) {
  std::string rows;
  for (const auto& [name, count] : std::map<std::string, std::uint32_t>(counts.begin(), counts.end())) {
    rows += fmt::format("<tr><td>{}</td><td class=\"n\">{}</td></tr>", escaped(name), count);
  }
  if (rows.empty()) rows = "<tr><td>–</td></tr>";
  return fmt::format("<table><caption>{}</caption>{}</table>\n", caption, rows);
}

constexpr std::string_view kStyle =
    "body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}"
    "pre{background:#f3f3f3;padding:.8rem;overflow-x:auto}"
    "table{display:inline-table;margin-right:2rem;vertical-align:top}caption{text-align:left;font-weight:600}.n{text-align:right;padding-"
    "left:1rem}";

constexpr std::string_view kCurl =
    R"(curl -s http://{}/v1/tasks -H 'Content-Type: application/json' \
  -d '{{"appId":"demo","kind":"REAL","target":{{"service":{{"interface":"meepo.demo.Echo","method":"echo","params":["hello"]}}}}}}')";

}  // namespace

net::HttpResponse front_page(std::string_view host, std::string_view version, const v1::CountsResponse* counts) {
  std::string body = fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Meepo</title><style>{}</style></head><body>\n"
      "<h1>Meepo {}</h1>\n<p>A distributed task scheduler. It is running.</p>\n<p lang=\"zh\">分布式任务调度系统，正在运行。</p>\n",
      kStyle, escaped(version));
  if (counts != nullptr) {
    body += fmt::format("<p>Tasks 任务: {}</p>\n", counts->tasks());
    body += table("Tasks by status 任务状态", counts->tasks_by_status());
    body += table("Firings by state 触发状态", counts->firings_by_state());
  }
  body += fmt::format("<h2>First task 第一个任务</h2>\n<pre>{}</pre>\n",
                      escaped(fmt::format(fmt::runtime(kCurl), host.empty() ? "localhost" : host)));
  for (const auto* link : {"/v1/tasks", "/v1/counts", "/v1/executors", "/v1/info", "/openapi.json", "/readyz"}) {
    body += fmt::format("<a href=\"{0}\">{0}</a> ", link);
  }
  body += "\n</body></html>\n";
  return {.status = 200,
          .content_type = "text/html; charset=utf-8",
          .body = std::move(body),
          .headers = {{"Content-Security-Policy",
                       "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
                      {"Referrer-Policy", "no-referrer"}}};
}

}  // namespace meepo::api
