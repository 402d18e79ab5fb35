/* hearsay seed: a node that keeps the list of peers. */
#include "cli/cli.h"
#include "cli/node_options.h"

int hsy_cmd_seed(int argc, char **argv)
{
    return hsy_node_main(HEARSAY_SEED, argc, argv);
}
