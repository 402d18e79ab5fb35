/* hearsay peer: a node that gossips. */
#include "cli/cli.h"
#include "cli/node_options.h"

int hsy_cmd_peer(int argc, char **argv)
{
    return hsy_node_main(HEARSAY_PEER, argc, argv);
}
