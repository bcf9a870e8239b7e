/* The text of a program of MSCCL. */
#include <inttypes.h>
#include <string.h>

#include "rs__msccl_write.h"

const char *rs__ms_kind_word(rs_collective_kind kind) {
  switch (kind) {
    case RS_ALL_REDUCE:
      return "allreduce";
    case RS_ALL_GATHER:
      return "allgather";
    case RS_REDUCE_SCATTER:
      return "reduce_scatter";
    case RS_ALL_TO_ALL:
      return "alltoall";
    case RS_BROADCAST:
      return "broadcast";
    default:
      return NULL;
  }
}

static void print_number(rs_sink *sink, const char *name, uint32_t value) {
  rs_sink_printf(sink, " %s=\"%" PRId64 "\"", name, value == RS_NONE ? -1 : (int64_t)value);
}

static void print_step(const rs__out_step *step, uint32_t index, rs_sink *sink) {
  char source = step->type == RS__MS_NOP ? 'i' : step->source_buffer;
  char target = step->type == RS__MS_NOP ? 'i' : step->target_buffer;
  rs_sink_printf(sink, "      <step s=\"%u\" type=\"%s\"", index,
                 rs__ms_type_word((rs__ms_type)step->type));
  rs_sink_printf(sink, " srcbuf=\"%c\" srcoff=\"%u\" dstbuf=\"%c\" dstoff=\"%u\" cnt=\"%u\"",
                 source, step->source, target, step->target, step->count);
  print_number(sink, "depid", step->wait_block);
  print_number(sink, "deps", step->wait_step);
  rs_sink_printf(sink, " hasdep=\"%d\"/>\n", step->is_waited_for ? 1 : 0);
}

static void print_gpu(const rs__out_program *p, uint32_t position, rs_sink *sink) {
  bool half_in = p->kind == RS_ALL_GATHER;
  rs_sink_printf(sink, "  <gpu id=\"%u\" i_chunks=\"%u\" o_chunks=\"%u\" s_chunks=\"%u\">\n",
                 position, half_in ? p->share : p->chunks, p->in_place ? p->share : p->chunks,
                 p->scratch);
  for (uint32_t b = p->first_block[position]; b < p->first_block[position + 1]; b++) {
    const rs__out_block *block = &p->blocks[b];
    rs_sink_printf(sink, "    <tb id=\"%u\"", b - p->first_block[position]);
    print_number(sink, "send", block->send);
    print_number(sink, "recv", block->recv);
    print_number(sink, "chan", block->channel);
    rs_sink_put(sink, ">\n");
    uint32_t index = 0;
    for (uint32_t i = block->first; i != RS_NONE; i = p->steps[i].next) {
      print_step(&p->steps[i], index++, sink);
    }
    rs_sink_put(sink, "    </tb>\n");
  }
  rs_sink_put(sink, "  </gpu>\n");
}

static void print_name(const char *name, rs_sink *sink) {
  for (; *name != '\0'; name++) {
    bool plain = strchr("<>&\"'", *name) == NULL;
    rs_sink_bytes(sink, plain ? name : "_", 1);
  }
}

void rs__ms_print(const rs__out_program *p, rs_sink *sink) {
  uint32_t channels = 0;
  for (uint32_t b = 0; b < p->first_block[p->gpu_count]; b++) {
    channels = RS_MAX(channels, p->blocks[b].channel + 1);
  }
  rs_sink_put(sink, "<algo name=\"");
  print_name(p->name, sink);
  rs_sink_printf(sink,
                 "\" proto=\"Simple\" nchannels=\"%u\" nchunksperloop=\"%u\" ngpus=\"%u\" "
                 "coll=\"%s\" inplace=\"%d\"",
                 channels, p->chunks, p->gpu_count, rs__ms_kind_word(p->kind), p->in_place ? 1 : 0);
  if (p->root != RS_NONE) print_number(sink, "root", p->root);
  rs_sink_put(sink, ">\n");
  for (uint32_t i = 0; i < p->gpu_count && !sink->failed; i++) print_gpu(p, i, sink);
  rs_sink_put(sink, "</algo>\n");
}
