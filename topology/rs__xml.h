/*
 * Private to topology/: the part of XML that GraphML needs, read in place.
 *
 * Tags, attributes, text, comments and processing instructions; entities stay as they stand. A
 * document type declaration is refused: it is where entity bombs and outside files live. Nesting is checked,
 * at most RS__XML_DEPTH_MAX deep. The text must stay where it is while its pieces are used.
 */
#ifndef RS__XML_H
#define RS__XML_H

#include "rs_arena.h"
#include "rs_math.h"

#define RS__XML_DEPTH_MAX 64
#define RS__XML_ATTRIBUTES_MAX 32

typedef struct rs__slice {
  const char *bytes;
  size_t length;
} rs__slice;

typedef enum rs__xml_event { RS__XML_OPEN, RS__XML_CLOSE, RS__XML_TEXT, RS__XML_END } rs__xml_event;

typedef struct rs__xml_attribute {
  rs__slice name, value; /* the value as it stands, entities not replaced */
} rs__xml_attribute;

typedef struct rs__xml {
  const char *at, *end;
  const char *line_start;
  int line;
  int depth;
  rs__slice open[RS__XML_DEPTH_MAX]; /* names of the open elements */
  bool close_pending;                /* <name/>: the CLOSE comes next */
  /* of the last event */
  rs__slice name; /* OPEN, CLOSE */
  rs__slice text; /* TEXT */
  rs__xml_attribute attributes[RS__XML_ATTRIBUTES_MAX];
  size_t attribute_count;
  int event_line, event_column;
} rs__xml;

void rs__xml_init(rs__xml *xml, const char *text, size_t length);
rs_status rs__xml_next(rs__xml *xml, rs__xml_event *event, rs_diag *diag);

bool rs__slice_is(rs__slice slice, const char *word);
/* The value of an attribute of the last OPEN; bytes = NULL when it is not there. */
rs__slice rs__xml_attribute_of(const rs__xml *xml, const char *name);
/* Sets the place of the last event. */
rs_status rs__xml_refuse(const rs__xml *xml, rs_diag *diag, const char *format, ...)
    RS_PRINTF(3, 4);

#endif
