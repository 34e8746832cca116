# Language level, warnings, sanitizers. Included once by the top CMakeLists.txt.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  message(FATAL_ERROR
    "Meepo cannot be built with g++ ${CMAKE_CXX_COMPILER_VERSION}: g++ before 13 silently miscompiles coroutines "
    "(function bodies are skipped, temporaries are destroyed twice). Use clang-19: cmake --preset debug, or ./x build.")
endif()

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

find_program(MEEPO_CCACHE ccache)
if(MEEPO_CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${MEEPO_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${MEEPO_CCACHE})
endif()
find_program(MEEPO_MOLD mold)
if(MEEPO_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

# Flags that every target of ours gets; generated protobuf code and installed headers do not.
add_library(meepo_flags INTERFACE)
target_compile_options(meepo_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wnon-virtual-dtor -Werror)
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  # std::expected, std::move_only_function of libstdc++ 12 need concepts level 201907 or later: clang 19 has it.
  # Members have defaults: a designated initialiser names only what differs.
  target_compile_options(meepo_flags INTERFACE -Wthread-safety -Wno-missing-designated-field-initializers)
endif()

set(MEEPO_SANITIZE "" CACHE STRING "address | thread | fuzzer | empty")
# Without the check of virtual calls' types: it makes a pipe to look at an object, and reports a good one as bad when the process has no file
# descriptor left, which a test brings about. AddressSanitizer finds calls to objects that are gone.
if(MEEPO_SANITIZE STREQUAL "address")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize=vptr -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
elseif(MEEPO_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
  add_link_options(-fsanitize=thread)
elseif(MEEPO_SANITIZE STREQUAL "fuzzer")
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
endif()
