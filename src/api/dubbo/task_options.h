#pragma once
// Options of a task as Dubbo attachments: `meepo.requestId`, `meepo.retry`, … in the short forms of the command line (convert/short_text.h).
// docs/dubbo.md has the list. Pure.

#include <string>

#include "base/result.h"
#include "meepo/v1/types.pb.h"
#include "protocol/dubbo/attachments.h"

namespace meepo::api {

/// An attachment as text: a text, a whole number, true or false; nothing is "". InvalidArgument with the attachment's name: another value.
Result<std::string> attachment_text(const dubbo::Attachments& attachments, std::string_view name);

/// Fills the options and the app: attachment `appId`, else `remote.application` (which Dubbo 2.7 and 3 send by themselves), else "dubbo".
/// InvalidArgument: a `meepo.` attachment that is not known, or a value that is none; the message names it.
Result<void> put_options(const dubbo::Attachments& attachments, v1::TaskSpec& spec);

/// Of attachment `meepo.group`: the group of the services to be called, which the bean has no field for.
Result<std::string> target_group(const dubbo::Attachments& attachments);

inline constexpr std::string_view kTokenAttachment = "meepo.token";  ///< who calls: a token of --token-file

}  // namespace meepo::api
