//! Clouds, hosts and what runs infrastructure.

use plimsoll_model::Severity;

use super::{Pattern, hexadecimal, key_id, likely, sure, token, word_byte};

pub(super) const PATTERNS: &[Pattern] = &[
    // Amazon: four letters say what the id stands for.
    key_id(
        "aws-access-key",
        &["AKIA", "ASIA", "ABIA", "ACCA"],
        r"A(?:KI|SI|BI|CC)A[A-Z0-9]{16}",
    ),
    token(
        "aws-bedrock-key",
        &["ABSKQmVkcm9ja0FQSUtleS"],
        r"ABSKQmVkcm9ja0FQSUtleS[A-Za-z0-9+/=]{80,200}",
    ),
    Pattern {
        severity: Severity::High,
        ..sure("gcp-api-key", &["AIza"], r"AIza[0-9A-Za-z_-]{35}")
    },
    token(
        // One that lasts some hours: a signed address in base64.
        "aws-bedrock-key",
        &["bedrock-api-key-"],
        r"bedrock-api-key-[A-Za-z0-9+/=_-]{80,4000}",
    ),
    likely("gcp-refresh-token", &["1//0"], r"1//0[A-Za-z0-9_-]{40,120}"),
    Pattern {
        // Keys of cognitive services and others: the mark is at their fifty-third letter.
        lead: Some(|byte| byte.is_ascii_alphanumeric()),
        ..token(
            "azure-service-key",
            &["JQQJ99"],
            r"[A-Za-z0-9]{52}JQQJ99[A-Z0-9]{2}[A-Za-z0-9]{24}",
        )
    },
    Pattern {
        lead: Some(|byte| word_byte(byte) || byte == b'-'),
        ..token(
            "azure-function-key",
            &["AzFu"],
            r"[A-Za-z0-9_-]{44}AzFu[A-Za-z0-9_-]{6}={0,2}",
        )
    },
    Pattern {
        lead: Some(|byte| byte.is_ascii_alphanumeric()),
        ..token(
            "azure-search-key",
            &["AzSe"],
            r"[A-Za-z0-9]{42}AzSe[A-D][A-Za-z0-9]{5}",
        )
    },
    Pattern {
        lead: Some(|byte| byte.is_ascii_alphanumeric()),
        ..token(
            "azure-cosmos-key",
            &["ACDb"],
            r"[A-Za-z0-9]{76}ACDb[A-Za-z0-9]{5}[AQgw]==",
        )
    },
    Pattern {
        lead: Some(|byte| byte.is_ascii_alphanumeric()),
        ..token(
            "azure-redis-key",
            &["AzCa"],
            r"[A-Za-z0-9]{33}AzCa[A-Za-z0-9]{6}=",
        )
    },
    key_id(
        "gcp-hmac-id",
        &["GOOG"],
        r"GOOG(?:1E[A-Z0-9]{55}|[A-Z0-9]{20})",
    ),
    // Amazon's other houses: sellers, sign-in with its accounts, AppSync.
    token(
        "amazon-mws-token",
        &["amzn.mws."],
        r"amzn\.mws\.[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    ),
    token(
        "amazon-oauth-secret",
        &["amzn1.oa2-cs.v1."],
        r"amzn1\.oa2-cs\.v1\.[0-9a-f]{64}",
    ),
    Pattern {
        severity: Severity::High,
        ..token("aws-appsync-key", &["da2-"], r"da2-[a-z0-9]{26}")
    },
    sure(
        "gcp-oauth-secret",
        &["GOCSPX-"],
        r"GOCSPX-[A-Za-z0-9_-]{28}",
    ),
    token(
        "gcp-oauth-token",
        &["ya29."],
        r"ya29\.[A-Za-z0-9_-]{30,500}",
    ),
    Pattern {
        // The mark stands in the middle: Azure DevOps' tokens carry it at their 76th letter.
        lead: Some(|byte| byte.is_ascii_alphanumeric()),
        ..token(
            "azure-devops-token",
            &["AZDO"],
            r"[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}",
        )
    },
    key_id("alibaba-key-id", &["LTAI"], r"LTAI[A-Za-z0-9]{16,26}"),
    key_id("tencent-key-id", &["AKID"], r"AKID[A-Za-z0-9]{32}"),
    token("yandex-key", &["AQVN"], r"AQVN[A-Za-z0-9_-]{35,38}"),
    token(
        "yandex-token",
        &["t1.9eue"],
        r"t1\.9eue[A-Za-z0-9_=-]{40,1000}\.[A-Za-z0-9_-]{86}",
    ),
    token("aiven-password", &["AVNS_"], r"AVNS_[A-Za-z0-9_-]{19}"),
    token("runpod-key", &["rpa_"], r"rpa_[A-Za-z0-9]{40,64}"),
    token(
        "elastic-cloud-key",
        &["essu_"],
        r"essu_[A-Za-z0-9+/]{60,200}",
    ),
    token("confluent-secret", &["cflt"], r"cflt[A-Za-z0-9+/]{60}"),
    sure(
        "digitalocean-token",
        &["dop_v1_", "doo_v1_", "dor_v1_"],
        r"do[opr]_v1_[a-f0-9]{64}",
    ),
    token(
        "cloudflare-origin-key",
        &["v1.0-"],
        r"v1\.0-[a-f0-9]{24}-[a-f0-9]{146}",
    ),
    token(
        "cloudflare-token",
        &["cfut_", "cfat_", "cfk_"],
        r"cf(?:ut|at|k)_[A-Za-z0-9_-]{40,60}",
    ),
    token("heroku-key", &["HRKU-"], r"HRKU-[A-Za-z0-9_-]{36,60}"),
    token(
        "netlify-token",
        &["nfp_", "nfc_", "nfo_", "nfu_"],
        r"nf[pcou]_[A-Za-z0-9]{36}",
    ),
    token(
        "vercel-token",
        &["vcp_", "vck_", "vci_", "vca_", "vcr_"],
        r"vc[pkiar]_[A-Za-z0-9]{24,80}",
    ),
    token("fly-token", &["fo1_"], r"fo1_[A-Za-z0-9_-]{43}"),
    token(
        "fly-token",
        &["fm1r_", "fm1a_", "fm2_"],
        r"fm(?:1[ar]|2)_[A-Za-z0-9+/]{100,3000}",
    ),
    token("openshift-token", &["sha256~"], r"sha256~[A-Za-z0-9_-]{43}"),
    token("scalingo-token", &["tk-us-"], r"tk-us-[A-Za-z0-9_-]{48}"),
    token(
        "docker-swarm-token",
        &["SWMTKN-1-"],
        r"SWMTKN-1-[a-z0-9]{48,52}-[a-z0-9]{24,26}",
    ),
    token(
        "docker-swarm-key",
        &["SWMKEY-1-"],
        r"SWMKEY-1-[A-Za-z0-9+/]{43}",
    ),
    likely("clickhouse-key", &["4b1d"], r"4b1d[A-Za-z0-9]{38}"),
    token(
        "cockroach-key",
        &["CCDB1_"],
        r"CCDB1_[A-Za-z0-9]{22}_[A-Za-z0-9]{40}",
    ),
    token(
        "mongodb-secret",
        &["mdb_sa_sk_"],
        r"mdb_sa_sk_[A-Za-z0-9_-]{40}",
    ),
    Pattern {
        then: BASE32,
        own: true,
        ..token(
            "nats-seed",
            &["SUA", "SAA", "SOA", "SNA", "SCA"],
            r"S[UAONC]A[A-Z2-7]{55}",
        )
    },
    token(
        // K3s and RKE2: the sum of the cluster's certificate, who joins, and the secret.
        "k3s-token",
        &["K10"],
        r"K10[0-9a-f]{64}::(?:[a-z0-9-]{1,32}:[A-Za-z0-9._~-]{8,128}|[a-z0-9]{6}\.[a-z0-9]{16})",
    ),
    token("netbird-token", &["nbp_"], r"nbp_[A-Za-z0-9]{36}"),
    token("render-key", &["rnd_"], r"rnd_[A-Za-z0-9]{28,40}"),
    token("neon-key", &["napi_"], r"napi_[a-z0-9]{64}"),
    token("deno-token", &["ddp_", "ddo_"], r"dd[po]_[A-Za-z0-9]{36}"),
    token(
        "planetscale-token",
        &["pscale_tkn_", "pscale_pw_", "pscale_oauth_"],
        r"pscale_(?:tkn|pw|oauth)_[A-Za-z0-9_=.-]{32,64}",
    ),
    token("supabase-token", &["sbp_"], r"sbp_[a-f0-9]{40}"),
    token(
        "supabase-key",
        &["sb_secret_"],
        r"sb_secret_[A-Za-z0-9_-]{31}",
    ),
    sure(
        "databricks-token",
        &["dapi"],
        r"dapi[a-f0-9]{32}(?:-[0-9])?",
    ),
    // Of a service principal.
    sure("databricks-token", &["dose"], r"dose[a-f0-9]{32}"),
    // HashiCorp.
    sure(
        "vault-token",
        &["hvs.", "hvb.", "hvr."],
        r"hv[sbr]\.[A-Za-z0-9_-]{24,300}",
    ),
    Pattern {
        lead: Some(|byte| byte.is_ascii_alphanumeric()),
        ..token(
            "terraform-token",
            &[".atlasv1."],
            r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,70}",
        )
    },
    sure("pulumi-token", &["pul-"], r"pul-[a-f0-9]{40}"),
    sure(
        "doppler-token",
        &[
            "dp.pt.",
            "dp.st.",
            "dp.ct.",
            "dp.sa.",
            "dp.scim.",
            "dp.audit.",
        ],
        r"dp\.(?:pt|st|ct|sa|scim|audit)\.(?:[a-z0-9_-]{2,35}\.)?[A-Za-z0-9]{40,44}",
    ),
    Pattern {
        not_before: |byte| word_byte(byte) || matches!(byte, b'+' | b'/'),
        ..token(
            "1password-token",
            &["ops_eyJ"],
            r"ops_eyJ[A-Za-z0-9+/]{250,4000}={0,3}",
        )
    },
    Pattern {
        then: b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        ..token(
            "1password-secret-key",
            &["A3-"],
            r"A3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})(?:-[A-Z0-9]{5}){3}",
        )
    },
    token(
        "defined-networking-key",
        &["dnkey-"],
        r"dnkey-[A-Za-z0-9_=-]{26}-[A-Za-z0-9_=-]{52}",
    ),
    sure(
        "age-key",
        &["AGE-SECRET-KEY-1"],
        r"AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}",
    ),
    sure(
        // The hybrid kind, since 2025.
        "age-key",
        &["AGE-SECRET-KEY-PQ-1"],
        r"AGE-SECRET-KEY-PQ-1[02-9AC-HJ-NP-Z]{58}",
    ),
    token("infracost-key", &["ico-"], r"ico-[A-Za-z0-9]{32}"),
    token(
        "tailscale-key",
        &["tskey-"],
        r"tskey-(?:[a-z]{3,10}-)?[A-Za-z0-9]{8,20}-[A-Za-z0-9]{20,40}",
    ),
    token("kong-token", &["kpat_"], r"kpat_[A-Za-z0-9]{50}"),
    token("octopus-key", &["API-"], r"API-[A-Z0-9]{26}"),
    // Measuring and watching.
    token(
        "newrelic-key",
        &["NRAK-", "NRAA-", "NRII-", "NRIQ-", "NRRA-", "NRSP-"],
        r"NR(?:AK|AA|II|IQ|RA|SP)-[A-Za-z0-9_-]{24,44}",
    ),
    Pattern {
        lead: Some(hexadecimal),
        ..token("newrelic-key", &["NRAL"], r"[a-f0-9]{36}NRAL")
    },
    Pattern {
        // Regions beside the first one stand before the key.
        lead: Some(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase()),
        ..token(
            "newrelic-key",
            &["NRAL"],
            r"[a-z]{2}[0-9]{2}xx[a-f0-9]{30}NRAL",
        )
    },
    Pattern {
        severity: Severity::Low,
        ..token("newrelic-key", &["NRJS-"], r"NRJS-[a-f0-9]{19}")
    },
    sure(
        "grafana-token",
        &["glsa_"],
        r"glsa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}",
    ),
    sure(
        "grafana-token",
        &["glc_eyJ"],
        r"glc_eyJ[A-Za-z0-9+/]{32,400}={0,3}",
    ),
    sure(
        "grafana-token",
        &["eyJrIjoi"],
        r"eyJrIjoi[A-Za-z0-9]{50,400}={0,3}",
    ),
    token("sentry-token", &["sntryu_"], r"sntryu_[a-f0-9]{64}"),
    token(
        "sentry-token",
        &["sntrys_eyJ"],
        r"sntrys_eyJ[A-Za-z0-9+/=_]{60,400}",
    ),
    token(
        "dynatrace-token",
        &["dt0c01.", "dt0s16.", "dt0s02."],
        r"dt0(?:c01|s16|s02)\.[A-Z0-9]{8,24}\.[A-Z0-9]{64}",
    ),
    token(
        "axiom-token",
        &["xaat-", "xapt-"],
        r"xa[ap]t-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    ),
    token(
        "honeycomb-key",
        &["hcaik_", "hcbik_", "hcxik_"],
        r"hc[abx]ik_[a-z0-9]{58,60}",
    ),
    likely(
        "launchdarkly-key",
        &["sdk-", "api-", "mob-"],
        r"(?:sdk|api|mob)-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    ),
    token(
        "logfire-token",
        &["pylf_v1_"],
        r"pylf_v1_[a-z]{2}_[A-Za-z0-9]{43}",
    ),
    token("posthog-key", &["phx_"], r"phx_[A-Za-z0-9_]{40,60}"),
    token("rootly-token", &["rootly_"], r"rootly_[a-f0-9]{64}"),
];

const BASE32: &[u8] = b"234567ABCDEFGHIJKLMNOPQRSTUVWXYZ";
