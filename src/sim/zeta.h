/* The special functions of the statistics: Hurwitz zeta and erfc. */
#ifndef HSY_SIM_ZETA_H
#define HSY_SIM_ZETA_H

/* zeta(s, q) = sum of (q + k)^-s over k = 0, 1, ... for s > 1, q >= 1/2, as
 * what a power law with exponent s from q on needs of it. Relative errors
 * are below 1e-12 for s up to 100. */
struct hsy_zeta {
    double scaled;   /* zeta(s, q) q^s, which neither over- nor underflows. */
    double mean;     /* Of ln(x / q), x distributed as x^-s. */
    double variance; /* Of the same: the Fisher information of s. */
};
struct hsy_zeta hsy_zeta(double s, double q);
/* Only .scaled, at half the cost. */
double hsy_zeta_scaled(double s, double q);

/* The complementary error function, and exp(x^2) times it for x >= 0. */
double hsy_erfc(double x);
double hsy_erfc_scaled(double x);

#endif
