/* Texts of error codes, from the one table in hearsay.h. */
#include "hearsay.h"

const char *hearsay_strerror(int err)
{
    /* An int, not the enum: callers hand over whatever they were returned,
     * and a code of a newer library must get a text too. */
    switch (err) {
    case HEARSAY_OK:
        return "no error";
#define X(name, code, text)  \
    case HEARSAY_ERR_##name: \
        return text;
        HEARSAY_ERRORS(X)
#undef X
    }
    return "unknown error";
}
