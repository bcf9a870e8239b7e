/* What of GF(2^127 − 1) is too long to be inline. */
#include "rs_field.h"

rs_uint128 rs_field_power(rs_uint128 a, uint64_t n) {
  rs_uint128 product = 1;
  for (; n > 0; n >>= 1) {
    if ((n & 1) != 0) product = rs_field_mul(product, a);
    a = rs_field_mul(a, a);
  }
  return product;
}
