/* The inside of reading a config.json: its text with what jansson made of it, and keys by name. */
#ifndef RS__MODEL_KEYS_H
#define RS__MODEL_KEYS_H

#include <jansson.h>

#include "rs_model.h"

typedef struct rs__source {
  const char *file;
  const char *text;
  size_t length;
  const json_t *root;
  rs_diag *diag; /* never NULL */
} rs__source;

/* Adds the place of a key's value (of the object, when the key is absent); RS_E_INPUT. */
rs_status rs__model_refuse_key(const rs__source *source, const char *key);

/* The first of two spellings that is there, not null; NULL when neither is, and `found` is `key`. */
const json_t *rs__model_find_key(const rs__source *source, const char *key, const char *other,
                                 const char **found);

#define RS__MODEL_NEEDED (-1)
#define RS__MODEL_SIZE_MAX (INT64_C(1) << 31)

/* A whole number from 1 to `most`. `other`: a second spelling, or NULL. otherwise: of an absent key;
 * RS__MODEL_NEEDED: it must be there. A null counts as absent, as Hugging Face writes it. */
rs_status rs__model_read_size(const rs__source *source, const char *key, const char *other,
                              int64_t otherwise, int64_t most, int64_t *size);

rs_status rs__model_read_flag(const rs__source *source, const char *key, bool otherwise,
                              bool *flag);

/* ---- rs_model_shape.c ---- */

/* Finds the model's type and reads what it needs. */
rs_status rs__model_read_shape(const rs__source *source, rs_model *model);

#endif
