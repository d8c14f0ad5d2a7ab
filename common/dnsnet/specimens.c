/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One signature of each algorithm that is known to be good, made for this
 * purpose with keys that were thrown away: where it does not verify, this
 * host's OpenSSL refuses the algorithm (a FIPS build, a crypto policy), and
 * nothing can be held against a zone that uses it.
 */
#include "config.h"

#include "common/dnsnet/verify.h"

#include <ldns/ldns.h>
#include <stdio.h>

/* A TXT record "x" of the zone example, signed. */
struct specimen {
	uint8_t algorithm;
	const char *key, *signature; /* record data, as in a zone file */
};

/* clang-format off */
static const struct specimen specimens[] = {
	{ 5,
		"256 3 5 AwEAAcPcFz9JJbnwB0rr75urhwCOomCYi2LjOdTGvq1Y5K0P"
		"V8Y6NHcudfTdhW/j3dbQ0naIoNRwaKk8t6egZD0nLtPm+gFoeNg/ooBN"
		"YXMBg9vJ8f0sesxSfHQt1CAHGmp2qwmn0VPTV3AjhYDMKEaKJvJgLhYI"
		"V/uKCx7ydVlaHrWf",
		"TXT 5 1 60 20300101000000 20260101000000 58006 example. "
		"vkgYEkgEm9clMDxhytQKKF6+yW94c/7gIK8PZp80r57nwAFgbr+fols4"
		"V2tINgsZ/P/mpVvsrwzBhpkhK88PnALtPCYQsJmls1LSBDviWTGHLfUy"
		"8xjaSMV2TK4TaorfdSm08JcOY61GfA+El0x1ZFuthjaptMD6vGE7YQvv"
		"y5M=" },
	{ 7,
		"256 3 7 AwEAAe5tQ4044U00i0uh7WfA9Y4yUu6VOJsx/E9DXx5tW0tZ"
		"OsaKe0N2be9ixWKDNBkVVtu+EDJ3xIgrslz+Vb6OVi+fA66LrG+oraDg"
		"mPIPKsDarMieBttIXm2KJpZC6v/iFIVL5gdpa1snOV0M5fhpUJECOcOK"
		"lNvs+rFnhwGJmutP",
		"TXT 7 1 60 20300101000000 20260101000000 17795 example. "
		"pypx3JnSoIWqXRbkW+ihylYSiuXAhhI9OiqsWb/nKi0M7nl8HUlRDvZ5"
		"eZwIFAqIPuf2NbcxHH1cxRYJHwuS32GaQyd5gMZeYrjvEURW8H91IYQZ"
		"cv/h3J3Ci6EI2qouMdt6UXryuh34Hjm6UOUzJXzIBQaqaXtrGknGfNe/"
		"P5Y=" },
	{ 8,
		"256 3 8 AwEAAcd9Sw2GhoTuFcJ84roDkqBgvzcNRLzcGwwv2lQEIwpZ"
		"qE0mCqG3xhpqhdFIBttx2OO/PcikbKt834oGiVHnSAKGjSAk6ff0oigh"
		"zFLBbFJHlnHLy2manuCOHtRyXzI49r7HWyTSvViMK0hKVeRD8IALTw9R"
		"sM4XGzthhkIMA0lL",
		"TXT 8 1 60 20300101000000 20260101000000 2574 example. c"
		"aEu1098AZvbloPCvR+C9qAGxGc6/ycmQ8lYg3nAOeL2cAZpWwj/Empo3"
		"5emP8Y+Ah4fZlpH4HE2BYltm3IwAR0t5vuZY0CGepBIcwwTEi5HPRT7P"
		"RBIw8U4XEjpC7S+RS+2uta21OTCWNf5kziyGOheeWl9dIEGgPIrc+3Sa"
		"2E=" },
	{ 10,
		"256 3 10 AwEAAfC8vm2327al/SVIaonxkOCllRxSGq90Cg980PBoO2Z"
		"d+4LkRNl3Ayu7OK1nPiFlh5vX17nG5retvhdJ8N3ktM9qCEXYPqn3WVC"
		"IkPxNTgC8m60LKuT4PnO+0rSwBGZUWOX6+0msLnWVzMM48zB4TpTZIL+"
		"f7XaN5qbeJprfaPK5",
		"TXT 10 1 60 20300101000000 20260101000000 49622 example."
		" i+ZKjqswiMZ1JjzRt4n4IcXq0WX6EsoPtF8CuxKvbUn/QGyrCVHPGJx"
		"E4mDJGvkcpz5Ik7KuGZG7BofMNziCPjw++LQsSmc9v2ugkX7UN0ta3td"
		"MS8AjCr05yJp2z4Hu0o0MthsEx7glIPIEgK4JXd5Gw35gEWfYoEZEATl"
		"Zsqc=" },
	{ 13,
		"256 3 13 ECplTt0xwuMMWBBZB/s+dkrFuxehi0GzMHD4jbLC78BWRQ8"
		"zqWAPDbbN+hs2AK7jFim9+GksyjYltOkqF32j3g==",
		"TXT 13 1 60 20300101000000 20260101000000 46798 example."
		" oQgm1dA4eVga5M5a68a8eFdbXGqfXYEKY11UTVs3n4xmIFjP6sDRFrL"
		"PgrYPCq4GEa8WUQgTaTU9xPP6ceVvDw==" },
	{ 14,
		"256 3 14 PYrZVRvTTnACG5JF580icjU1eZtPXC4eqAHt/a2n+mSlRzN"
		"RNF5ddP3HZyXd+w11m56VXeS8N7R5UF9i9Ru7Ts4NjnUQC/9P/WvOrmF"
		"AGA1YK5vxklY62P7S9L+LyJOw",
		"TXT 14 1 60 20300101000000 20260101000000 42268 example."
		" DYCLr3NMg4SaXEn6M6jCWCQCHIcM0F0mIeTgDG4WdMusmosTx25dwxH"
		"xWnuiX/cGutod6yGNOwl3veb+RgytzbSjDxPpVvcFzoEXszlAMzcuIr6"
		"e43SLUl8jJqu97st2" },
	{ 15,
		"256 3 15 piTSA5yFbqIDSWr8qsAGqgVRxvM1DfTH0F1G4d7MteE=",
		"TXT 15 1 60 20300101000000 20260101000000 18711 example."
		" d8Ia15Gpj8UtH12EVrveEq7WmxmN8EYwRKyzZxBMbOei8x8Yt+tFitG"
		"tUzaj8jFKmupJlGERBKGRCb/b4ER8CQ==" },
	{ 16,
		"256 3 16 dcEnRjQYAovsvzyuHd3ipVmGFjdPModsCB1dJUBTHJRK4A9"
		"RBDSU8U1ngqJek4+r/vXG9OpwnOmA",
		"TXT 16 1 60 20300101000000 20260101000000 35095 example."
		" bIvobpQ7ZzhVkusV1Wl7m8bTTvW6XQ5xq+IPjy+uGAXHpR/RpnIu/tL"
		"zek0okdFffll/vZnMyckAlaKOV2XZj3fop+Pj4GX5xxj0rc0jIgszDhj"
		"ogdrTzu6UZEyw94v1KDaHwTBFY6mmxLKAI3X+Ig8A" },
};
/* clang-format on */

static ldns_rr *read_record(const char *type, const char *data)
{
	char line[2048];
	ldns_rr *rr = NULL;
	snprintf(line, sizeof(line), "example. 60 IN %s %s", type, data);
	if (ldns_rr_new_frm_str(&rr, line, 0, NULL, NULL) != LDNS_STATUS_OK)
		return NULL;
	return rr;
}

static bool verifies(const struct specimen *specimen)
{
	ldns_rr *key = read_record("DNSKEY", specimen->key);
	ldns_rr *sig = read_record("RRSIG", specimen->signature);
	ldns_rr *text = read_record("TXT", "\"x\"");
	ldns_rr_list *keys = ldns_rr_list_new(), *set = ldns_rr_list_new();
	ldns_rr_list *good = ldns_rr_list_new();
	bool is_good = key != NULL && sig != NULL && text != NULL;
	if (is_good) {
		ldns_rr_list_push_rr(keys, key);
		ldns_rr_list_push_rr(set, text);
		is_good = ldns_verify_rrsig_keylist_notime(
				  set, sig, keys, good) == LDNS_STATUS_OK;
	}
	ldns_rr_list_free(good);
	ldns_rr_list_free(keys);
	ldns_rr_list_free(set);
	ldns_rr_free(key);
	ldns_rr_free(sig);
	ldns_rr_free(text);
	return is_good;
}

bool verify_works(uint8_t algorithm)
{
	for (size_t i = 0; i < sizeof(specimens) / sizeof(specimens[0]); i++)
		if (specimens[i].algorithm == algorithm)
			return verifies(&specimens[i]);
	return false;
}
