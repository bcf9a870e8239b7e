/*
 * Loads a platform file with SimGrid and prints its hosts, and the links and latency of a route. The
 * route is asked for by an actor of a running simulation: before that, zones are not finished.
 */
#include <simgrid/actor.h>
#include <simgrid/engine.h>
#include <simgrid/host.h>
#include <stdio.h>
#include <stdlib.h>
#include <xbt/dynar.h>

static void probe(int argc, char **argv) {
  sg_host_t from = sg_host_by_name(argv[1]);
  sg_host_t to = sg_host_by_name(argv[2]);
  xbt_dynar_t links = xbt_dynar_new(sizeof(void *), NULL);
  (void)argc;
  sg_host_get_route(from, to, links);
  printf("%zu hosts, %lu links, %.0f ns\n", sg_host_count(), xbt_dynar_length(links),
         sg_host_get_route_latency(from, to) * 1e9);
  xbt_dynar_free(&links);
}

int main(int argc, char **argv) {
  simgrid_init(&argc, argv);
  if (argc != 4) return 2;
  simgrid_load_platform(argv[1]);
  if (sg_host_by_name(argv[2]) == NULL || sg_host_by_name(argv[3]) == NULL) return 1;
  char *arguments[] = {argv[0], argv[2], argv[3]};
  sg_actor_create("probe", sg_host_by_name(argv[2]), probe, 3, arguments);
  simgrid_run();
  return 0;
}
