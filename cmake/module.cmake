# meepo_module(NAME name SOURCES … [DEPENDS …] [TESTS …] [TEST_DEPENDS …])
#   One folder, one static library meepo_<name>, and, when TESTS are given, one test program meepo_<name>_test.
#   Includes are written by full path from src/ ("task/task.h").
function(meepo_existing list)  # PARTIAL
  set(found)
  foreach(f ${${list}})
    if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${f} OR IS_ABSOLUTE ${f})
      list(APPEND found ${f})
    endif()
  endforeach()
  set(${list} ${found} PARENT_SCOPE)
endfunction()
function(meepo_module)
  cmake_parse_arguments(M "" "NAME" "SOURCES;DEPENDS;TESTS;TEST_DEPENDS" ${ARGN})
  meepo_existing(M_SOURCES) # PARTIAL
  meepo_existing(M_TESTS) # PARTIAL
  set(target meepo_${M_NAME})
  if(M_SOURCES)
    add_library(${target} STATIC ${M_SOURCES})
    target_include_directories(${target} PUBLIC ${PROJECT_SOURCE_DIR}/src)
    target_link_libraries(${target} PUBLIC ${M_DEPENDS} PRIVATE meepo_flags)
  else()
    add_library(${target} INTERFACE)
    target_include_directories(${target} INTERFACE ${PROJECT_SOURCE_DIR}/src)
    target_link_libraries(${target} INTERFACE ${M_DEPENDS})
  endif()
  if(MEEPO_TESTS AND M_TESTS)
    meepo_test(NAME ${M_NAME}_test SOURCES ${M_TESTS} DEPENDS ${target} ${M_TEST_DEPENDS})
  endif()
endfunction()

# meepo_test(NAME name SOURCES … DEPENDS …): one GoogleTest program meepo_<name>, known to ctest under that name.
function(meepo_test)
  cmake_parse_arguments(T "" "NAME" "SOURCES;DEPENDS" ${ARGN})
  meepo_existing(T_SOURCES) # PARTIAL
  if(NOT T_SOURCES) # PARTIAL
    return() # PARTIAL
  endif() # PARTIAL
  add_executable(meepo_${T_NAME} ${T_SOURCES})
  target_include_directories(meepo_${T_NAME} PRIVATE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR})
  target_link_libraries(meepo_${T_NAME} PRIVATE ${T_DEPENDS} meepo_flags GTest::gtest_main GTest::gmock rapidcheck)
  add_test(NAME ${T_NAME} COMMAND meepo_${T_NAME})
endfunction()
