/*
 * The part of XML that GraphML and MSCCL's programs need, read in place.
 *
 * Tags, attributes, text, comments and processing instructions; entities stay as they stand. A
 * document type declaration is refused: it is where entity bombs and outside files live. Nesting is checked,
 * at most RS_XML_DEPTH_MAX deep. The text must stay where it is while its pieces are used.
 */
#ifndef RS_XML_H
#define RS_XML_H

#include "rs_arena.h"
#include "rs_math.h"

#define RS_XML_DEPTH_MAX 64
#define RS_XML_ATTRIBUTES_MAX 32

typedef struct rs_slice {
  const char *bytes;
  size_t length;
} rs_slice;

typedef enum rs_xml_event { RS_XML_OPEN, RS_XML_CLOSE, RS_XML_TEXT, RS_XML_END } rs_xml_event;

typedef struct rs_xml_attribute {
  rs_slice name, value; /* the value as it stands, entities not replaced */
} rs_xml_attribute;

typedef struct rs_xml {
  const char *at, *end;
  const char *line_start;
  int line;
  int depth;
  rs_slice open[RS_XML_DEPTH_MAX]; /* names of the open elements */
  bool close_pending;              /* <name/>: the CLOSE comes next */
  /* of the last event */
  rs_slice name; /* OPEN, CLOSE */
  rs_slice text; /* TEXT */
  rs_xml_attribute attributes[RS_XML_ATTRIBUTES_MAX];
  size_t attribute_count;
  int event_line, event_column;
} rs_xml;

void rs_xml_init(rs_xml *xml, const char *text, size_t length);
rs_status rs_xml_next(rs_xml *xml, rs_xml_event *event, rs_diag *diag);

bool rs_slice_is(rs_slice slice, const char *word);
/* The value of an attribute of the last OPEN; bytes = NULL when it is not there. */
rs_slice rs_xml_attribute_of(const rs_xml *xml, const char *name);
/* Sets the place of the last event. */
rs_status rs_xml_refuse(const rs_xml *xml, rs_diag *diag, const char *format, ...) RS_PRINTF(3, 4);

#endif
