# Which libraries go into the programs. With MEEPO_STATIC each one that has an archive beside its shared library is linked from the
# archive: the program starts sooner and runs where only glibc is. The few others stay shared.
option(MEEPO_STATIC "Link the archives of the libraries where there are any" OFF)

# archive_of(VARIABLE library): the archive beside a shared library, or what was given.
function(archive_of variable library)
  string(REGEX REPLACE "\\.so(\\.[0-9.]*)?$" ".a" archive "${library}")
  if(NOT EXISTS "${archive}")
    set(archive "${library}")
  endif()
  set(${variable} "${archive}" PARENT_SCOPE)
endfunction()

if(MEEPO_STATIC)
  get_property(imported DIRECTORY PROPERTY IMPORTED_TARGETS)
  foreach(target IN LISTS imported)
    foreach(property IMPORTED_LOCATION IMPORTED_LOCATION_NONE IMPORTED_LOCATION_RELEASE INTERFACE_LINK_LIBRARIES)
      get_target_property(libraries ${target} ${property})
      if(NOT libraries)
        continue()
      endif()
      set(archives "")
      foreach(library IN LISTS libraries)
        archive_of(archive "${library}")
        list(APPEND archives "${archive}")
      endforeach()
      set_target_properties(${target} PROPERTIES ${property} "${archives}")
    endforeach()
  endforeach()
endif()

# The allocator of our programs; a sanitizer brings its own. Half of an allocation's cost with glibc went into merging freed pieces.
add_library(meepo_allocator INTERFACE)
if(NOT MEEPO_SANITIZE)
  find_library(MEEPO_JEMALLOC NAMES libjemalloc_pic.a jemalloc REQUIRED)
  target_link_libraries(meepo_allocator INTERFACE ${MEEPO_JEMALLOC})
endif()
