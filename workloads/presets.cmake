# The model presets are config.json files; they are compiled in, so that the program needs no path.
# Included by the top CMakeLists.txt, because a generated source belongs to its target's folder.
file(GLOB presets CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/workloads/models/*.json)
set(generated ${CMAKE_BINARY_DIR}/generated/rs_model_presets.inc)
add_custom_command(
  OUTPUT ${generated}
  COMMAND ${CMAKE_COMMAND} -DOUTPUT=${generated} "-DINPUTS=${presets}"
          -P ${CMAKE_SOURCE_DIR}/workloads/embed.cmake
  DEPENDS ${presets} ${CMAKE_SOURCE_DIR}/workloads/embed.cmake
  VERBATIM)
target_sources(rs_workloads PRIVATE ${generated})
target_include_directories(rs_workloads PRIVATE ${CMAKE_BINARY_DIR}/generated)
set_source_files_properties(${CMAKE_SOURCE_DIR}/workloads/rs_model_presets.c
                            PROPERTIES OBJECT_DEPENDS ${generated})
