/* Both backends keep the interface's promises; the real one also gives the
 * published answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/prng.h"
#include "crypto/crypto.h"

static uint8_t hex_digit(char c)
{
    return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

/* Lower-case hex to bytes; returns how many. */
static size_t from_hex(uint8_t *out, const char *hex)
{
    size_t len = strlen(hex) / 2;
    for (size_t i = 0; i < len; i++) {
        out[i] =
            (uint8_t)(hex_digit(hex[2 * i]) * 16 + hex_digit(hex[2 * i + 1]));
    }
    return len;
}

/* RFC 8032, section 7.1: TEST 1, 2, 3 and SHA(abc). */
static const struct {
    const char *secret, *id, *message, *sig;
} vectors[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
     "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
     "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
     "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"},
    {"833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
     "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
     "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
     "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
     "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589"
     "09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704"},
};

static void ed25519_gives_the_answers_of_rfc_8032(void **state)
{
    (void)state;
    const struct hearsay_crypto *crypto = hearsay_crypto_sodium();
    assert_non_null(crypto);
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        uint8_t secret[32], id[32], message[64], sig[64], made[64];
        struct hearsay_id made_id;
        from_hex(secret, vectors[i].secret);
        from_hex(id, vectors[i].id);
        from_hex(sig, vectors[i].sig);
        size_t len = from_hex(message, vectors[i].message);
        crypto->id_of(&made_id, secret);
        assert_memory_equal(made_id.bytes, id, 32);
        crypto->sign(made, secret, &made_id, message, len);
        assert_memory_equal(made, sig, 64);
        assert_true(crypto->verify(sig, &made_id, message, len));
    }
}

static void the_real_hash_is_blake2b_of_128_bits(void **state)
{
    (void)state;
    const struct hearsay_crypto *crypto = hearsay_crypto_sodium();
    uint8_t data[200], hash[16], expected[16];
    for (size_t i = 0; i < sizeof(data); i++) {
        data[i] = (uint8_t)i;
    }
    from_hex(expected, "cae66941d9efbd404e4d88758ea67670");
    crypto->hash(hash, data, 0);
    assert_memory_equal(hash, expected, 16);
    from_hex(expected, "cf4ab791c62b8d2b2109c90275287816");
    crypto->hash(hash, (const uint8_t *)"abc", 3);
    assert_memory_equal(hash, expected, 16);
    from_hex(expected, "61479efa6267fea757b3f881e2979bbc");
    crypto->hash(hash, data, sizeof(data));
    assert_memory_equal(hash, expected, 16);
}

static void the_real_backend_is_the_same_every_time(void **state)
{
    (void)state;
    assert_ptr_equal(hearsay_crypto_sodium(), hearsay_crypto_sodium());
    assert_string_equal(hearsay_crypto_sodium()->name, "sodium");
    assert_string_equal(hearsay_crypto_null()->name, "null");
}

struct signer {
    uint8_t secret[HEARSAY_SECRET_LEN];
    struct hearsay_id id;
};

static struct signer make_signer(const struct hearsay_crypto *crypto,
                                 uint8_t first)
{
    struct signer signer = {.secret = {first, 2, 3}};
    crypto->id_of(&signer.id, signer.secret);
    return signer;
}

static void
claim_refuses_all_but_the_signed(const struct hearsay_crypto *crypto)
{
    struct signer alice = make_signer(crypto, 1), bob = make_signer(crypto, 9);
    assert_memory_not_equal(alice.id.bytes, bob.id.bytes, 32);
    uint8_t data[37], sig[64], again[64];
    for (size_t i = 0; i < sizeof(data); i++) {
        data[i] = (uint8_t)(i * 7);
    }
    crypto->sign(sig, alice.secret, &alice.id, data, sizeof(data));
    crypto->sign(again, alice.secret, &alice.id, data, sizeof(data));
    assert_memory_equal(sig, again, 64);
    assert_true(crypto->verify(sig, &alice.id, data, sizeof(data)));
    assert_false(crypto->verify(sig, &bob.id, data, sizeof(data)));
    assert_false(crypto->verify(sig, &alice.id, data, sizeof(data) - 1));
    for (size_t bit = 0; bit < 8 * sizeof(data); bit++) {
        data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        assert_false(crypto->verify(sig, &alice.id, data, sizeof(data)));
        data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    for (size_t bit = 0; bit < 8 * sizeof(sig); bit++) {
        sig[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        assert_false(crypto->verify(sig, &alice.id, data, sizeof(data)));
        sig[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    for (size_t bit = 0; bit < 8 * sizeof(alice.id); bit++) {
        alice.id.bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        assert_false(crypto->verify(sig, &alice.id, data, sizeof(data)));
        alice.id.bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    assert_true(crypto->verify(sig, &alice.id, data, sizeof(data)));
}

static void the_real_backend_refuses_any_change(void **state)
{
    (void)state;
    claim_refuses_all_but_the_signed(hearsay_crypto_sodium());
}

static void the_null_backend_refuses_any_change(void **state)
{
    (void)state;
    claim_refuses_all_but_the_signed(hearsay_crypto_null());
}

/* A trailing zero byte is a byte; no data at all can be signed, too. */
static void claim_lengths_matter(const struct hearsay_crypto *crypto)
{
    struct signer alice = make_signer(crypto, 1);
    static const uint8_t zeros[24];
    uint8_t sig[64], hashes[25][16];
    for (size_t len = 0; len <= sizeof(zeros); len++) {
        const uint8_t *data = len == 0 ? NULL : zeros;
        crypto->sign(sig, alice.secret, &alice.id, data, len);
        assert_true(crypto->verify(sig, &alice.id, data, len));
        crypto->hash(hashes[len], data, len);
        if (len < sizeof(zeros)) {
            assert_false(crypto->verify(sig, &alice.id, zeros, len + 1));
        }
        for (size_t other = 0; other < len; other++) {
            assert_memory_not_equal(hashes[len], hashes[other], 16);
        }
    }
}

static void lengths_matter_to_both_backends(void **state)
{
    (void)state;
    claim_lengths_matter(hearsay_crypto_sodium());
    claim_lengths_matter(hearsay_crypto_null());
}

/* A fault in one bit of the input shows in about half of the output's bits:
 * good enough for the hash tables of a simulation. */
static void the_null_hash_mixes(void **state)
{
    (void)state;
    const struct hearsay_crypto *crypto = hearsay_crypto_null();
    uint32_t changed = 0, tries = 0;
    uint8_t data[40] = {0}, base[16], hash[16];
    crypto->hash(base, data, sizeof(data));
    for (size_t bit = 0; bit < 8 * sizeof(data); bit++, tries += 128) {
        data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        crypto->hash(hash, data, sizeof(data));
        data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        for (size_t i = 0; i < 128; i++) {
            unsigned differ = (unsigned)base[i / 8] ^ hash[i / 8];
            changed += (differ >> (i % 8)) & 1u;
        }
    }
    assert_in_range(changed, tries * 45 / 100, tries * 55 / 100);
}

/* Traces of the simulator hang on these bytes. */
static void the_null_backend_is_the_same_on_every_machine(void **state)
{
    (void)state;
    const struct hearsay_crypto *crypto = hearsay_crypto_null();
    uint8_t hash[16], expected[16];
    crypto->hash(hash, (const uint8_t *)"hello world", 11);
    from_hex(expected, "c4844f23a52714d50451efc4265834f2");
    assert_memory_equal(hash, expected, 16);
    struct signer alice = make_signer(crypto, 1);
    from_hex(expected, "366574fa86adbc11bab82c4ed6f8fbd7");
    assert_memory_equal(alice.id.bytes, expected, 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ed25519_gives_the_answers_of_rfc_8032),
        cmocka_unit_test(the_real_hash_is_blake2b_of_128_bits),
        cmocka_unit_test(the_real_backend_is_the_same_every_time),
        cmocka_unit_test(the_real_backend_refuses_any_change),
        cmocka_unit_test(the_null_backend_refuses_any_change),
        cmocka_unit_test(lengths_matter_to_both_backends),
        cmocka_unit_test(the_null_hash_mixes),
        cmocka_unit_test(the_null_backend_is_the_same_on_every_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
