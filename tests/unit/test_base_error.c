/* Texts of error codes. */
#include "hearsay.h"
#include "support/claim.h"

#include <string.h>

static void every_code_has_a_text_of_its_own(void **state)
{
    (void)state;
    static const int codes[] = {HEARSAY_OK,
#define X(name, code, text) HEARSAY_ERR_##name,
                                HEARSAY_ERRORS(X)
#undef X
    };
    size_t count = sizeof(codes) / sizeof(codes[0]);
    for (size_t i = 0; i < count; i++) {
        CLAIM(hearsay_strerror(codes[i])[0] != '\0');
        for (size_t j = 0; j < i; j++) {
            CLAIM(strcmp(hearsay_strerror(codes[i]),
                         hearsay_strerror(codes[j])) != 0);
        }
    }
    CLAIM_TEXT(hearsay_strerror(HEARSAY_ERR_NOMEM), "out of memory");
}

static void a_code_nobody_gave_out_has_a_text_too(void **state)
{
    (void)state;
    CLAIM_TEXT(hearsay_strerror(1), "unknown error");
    CLAIM_TEXT(hearsay_strerror(-9999), "unknown error");
    CLAIM_TEXT(hearsay_strerror(INT32_MIN), "unknown error");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_has_a_text_of_its_own),
        cmocka_unit_test(a_code_nobody_gave_out_has_a_text_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
