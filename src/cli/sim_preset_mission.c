/* The network that Hearsay was described with (tests/scenario/
 * m16_worked_example.scn): three seeds, five peers, pings of 13 s, ten messages
 * of each peer at 5 s; and then one falls silent. */
#include "cli/sim_preset_parts.h"

#include "base/time.h"
#include "cli/cli.h"
#include "cli/sim_show.h"

int hsy_preset_mission(const struct hsy_sim_options *o)
{
    struct hsy_sim_wish wish = hsy_preset_wish(o);
    wish.study.peers = 5;
    wish.study.join_over_ns = HSY_SECOND;
    wish.study.gossip_count = 10;
    wish.study.messages = 0;
    wish.study.strikes.freeze = 1; /* Silent: found by pings alone. */
    wish.study.again_after_ns = 0;
    wish.study.for_ns = 3 * HSY_MINUTE;
    struct hsy_sim_run run;
    int code = HSY_EXIT_FAILED;
    if (hsy_sim_run(&run, &wish)) {
        struct hsy_figures_column column = {.title = "mission",
                                            .figures = &run.figures};
        hsy_sim_show(&column, o->json);
        code = hsy_sim_exit_code(&run, hsy_sim_run_judge(&run));
    }
    hsy_sim_run_fini(&run);
    return code;
}
