# The chips are JSON files; they are compiled in as structs and as text, so that the program needs no
# path. Included by the top CMakeLists.txt, because a generated source belongs to its target's folder.
file(GLOB chips CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/chip_model/chips/*.json)
list(SORT chips)
set(chip_structs ${CMAKE_BINARY_DIR}/generated/rs_chips.inc)
set(chip_texts ${CMAKE_BINARY_DIR}/generated/rs_chip_texts.inc)

# The reader that users get, without the catalogue that it makes.
set(reader ${CMAKE_SOURCE_DIR}/chip_model)
add_executable(embed_chips ${reader}/chips/embed_chips.c ${reader}/rs_chip_file.c
                           ${reader}/rs_chip_keys.c ${reader}/rs_chip.c)
target_include_directories(embed_chips PRIVATE ${reader})
target_link_libraries(embed_chips PRIVATE rs_netsim PkgConfig::JANSSON)
if(RS_FUZZ)
  target_link_options(embed_chips PRIVATE -fsanitize=fuzzer-no-link)
endif()

add_custom_command(OUTPUT ${chip_structs} COMMAND embed_chips ${chip_structs} ${chips}
                   DEPENDS embed_chips ${chips} VERBATIM)
add_custom_command(
  OUTPUT ${chip_texts}
  COMMAND ${CMAKE_COMMAND} -DOUTPUT=${chip_texts} "-DINPUTS=${chips}"
          -P ${CMAKE_SOURCE_DIR}/workloads/embed.cmake
  DEPENDS ${chips} ${CMAKE_SOURCE_DIR}/workloads/embed.cmake
  VERBATIM)
target_sources(rs_chip_model PRIVATE ${chip_structs} ${chip_texts})
target_include_directories(rs_chip_model PRIVATE ${CMAKE_BINARY_DIR}/generated)
set_source_files_properties(${reader}/rs_chip_catalogue.c
                            PROPERTIES OBJECT_DEPENDS "${chip_structs};${chip_texts}")
