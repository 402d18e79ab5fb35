/* The overlay as a graph: of a seed the whole network, of a peer itself and
 * its links. docs/api.md has the form. */
#ifndef HSY_ADMIN_TOPOLOGY_H
#define HSY_ADMIN_TOPOLOGY_H

#include "admin/http.h"

/* GET /v1/topology. */
enum MHD_Result hsy_topology_get(struct hsy_http_request *request);

#endif
