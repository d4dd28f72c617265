//! Messages, money, models and other services.

use plimsoll_model::Severity;

use super::{
    Pattern, Programs, extended_key, hexadecimal, json_web_token, key_id, likely, model_key, sure,
    token, word_byte,
};

pub(super) const PATTERNS: &[Pattern] = &[
    // Messages.
    sure(
        "slack-token",
        &[
            "xoxb-", "xoxa-", "xoxp-", "xoxr-", "xoxs-", "xoxc-", "xoxo-",
        ],
        r"xox[abcoprs]-[0-9]{1,16}-[A-Za-z0-9-]{12,200}",
    ),
    sure(
        "slack-token",
        &["xoxe-", "xoxe.xox"],
        r"xoxe(?:\.xox[bp])?-[0-9]-[A-Za-z0-9]{100,300}",
    ),
    sure(
        "slack-token",
        &["xwfp-"],
        r"xwfp-[0-9]{9,14}-[0-9]{9,14}-[A-Za-z0-9]{20,80}",
    ),
    Pattern {
        // The cookie that `xoxc-` needs beside it, as addresses write it.
        not_before: |byte| word_byte(byte) || byte == b'%',
        ..token("slack-token", &["xoxd-"], r"xoxd-[A-Za-z0-9%]{60,400}")
    },
    Pattern {
        // An id in front that is zeros for long; base64 as addresses write it.
        not_before: |byte| word_byte(byte) || byte == b'%',
        in_programs: Programs::Skip,
        own: true,
        ..token(
            "twitter-token",
            &["AAAAAAAAAAAAAAAAAAAAA"],
            r"A{21,22}[A-Za-z0-9]{2,60}%[A-Za-z0-9%]{40,100}",
        )
    },
    token(
        "dropbox-token",
        &["sl."],
        r"sl\.(?:u\.)?[A-Za-z0-9_-]{130,1500}",
    ),
    Pattern {
        then: b"0123456789",
        ..token(
            "asana-token",
            &["1/12", "2/12"],
            r"[12]/12[0-9]{13,15}(?:/[0-9]{15,17})?:[0-9a-f]{32}",
        )
    },
    Pattern {
        check: extended_key,
        ..token(
            "wallet-key",
            &["xprv", "yprv", "zprv"],
            r"[xyz]prv[1-9A-HJ-NP-Za-km-z]{107}",
        )
    },
    sure(
        "slack-token",
        &["xapp-"],
        r"xapp-[0-9]-[A-Z0-9]{8,16}-[0-9]{8,16}-[A-Za-z0-9]{20,80}",
    ),
    Pattern {
        severity: Severity::High,
        ..sure(
            "slack-webhook",
            &["hooks.slack.com/"],
            r"hooks\.slack\.com/(?:services|workflows|triggers)/[A-Z][A-Z0-9]{7,12}/[A-Z0-9]{7,20}/(?:[0-9]{10,20}/)?([A-Za-z0-9]{20,40})",
        )
    },
    Pattern {
        severity: Severity::High,
        ..token(
            "discord-webhook",
            &["/webhooks/"],
            r"/webhooks/[0-9]{17,20}/([A-Za-z0-9_-]{60,80})",
        )
    },
    Pattern {
        severity: Severity::High,
        ..token(
            "teams-webhook",
            &["/IncomingWebhook/"],
            r"/IncomingWebhook/([a-f0-9]{32})/[a-f0-9]{8}-[a-f0-9-]{27}",
        )
    },
    Pattern {
        lead: Some(|byte| byte.is_ascii_digit()),
        not_before: |byte| word_byte(byte) || byte == b'-',
        ..token(
            "telegram-token",
            &[":AA"],
            r"[0-9]{8,10}:AA[A-Za-z0-9_-]{33}",
        )
    },
    sure(
        "sendgrid-key",
        &["SG."],
        r"SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}",
    ),
    token("mailgun-key", &["key-"], r"key-[0-9a-f]{32}"),
    token("mailersend-token", &["mlsn."], r"mlsn\.[a-f0-9]{64}"),
    Pattern {
        lead: Some(hexadecimal),
        then: b"123456789",
        ..token("mailchimp-key", &["-us"], r"[0-9a-f]{32}-us[0-9]{1,2}")
    },
    sure(
        "brevo-key",
        &["xkeysib-", "xsmtpsib-"],
        r"x(?:key|smtp)sib-[a-f0-9]{64}-[A-Za-z0-9]{16}",
    ),
    Pattern {
        then: b"0123456789abcdef",
        ..token("twilio-key", &["SK"], r"SK[0-9a-f]{32}")
    },
    // Money.
    sure(
        "stripe-key",
        &[
            "sk_live_",
            "rk_live_",
            "sk_org_live_",
            "rk_org_live_",
            "sk_prod_",
            "rk_prod_",
        ],
        r"[rs]k_(?:(?:org_)?live|prod)_[A-Za-z0-9]{20,247}",
    ),
    Pattern {
        severity: Severity::Low,
        in_programs: Programs::Skip,
        ..token(
            "stripe-test-key",
            &["sk_test_", "rk_test_"],
            r"[rs]k_test_[A-Za-z0-9]{20,247}",
        )
    },
    token(
        "stripe-webhook-secret",
        &["whsec_"],
        r"whsec_[A-Za-z0-9+/=]{32,80}",
    ),
    sure(
        "shopify-token",
        &["shpat_", "shpca_", "shppa_", "shpss_"],
        r"shp(?:at|ca|pa|ss)_[A-Fa-f0-9]{32}",
    ),
    token(
        "square-token",
        &["sq0atp-", "sq0csp-"],
        r"sq0(?:atp-[A-Za-z0-9_-]{22}|csp-[A-Za-z0-9_-]{43})",
    ),
    likely("square-token", &["EAAA"], r"EAAA[A-Za-z0-9_-]{60}"),
    Pattern {
        then: b"0123456789abcdef",
        ..likely("woocommerce-key", &["ck_", "cs_"], r"c[ks]_[0-9a-f]{40}")
    },
    likely("gocardless-token", &["live_"], r"live_[A-Za-z0-9_-]{40}"),
    token(
        "braintree-token",
        &["access_token$production$"],
        r"access_token\$production\$[0-9a-z]{16}\$[0-9a-f]{32}",
    ),
    key_id("razorpay-key", &["rzp_live_"], r"rzp_live_[A-Za-z0-9]{14}"),
    token(
        "plaid-token",
        &["access-production-"],
        r"access-production-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    ),
    token("flutterwave-key", &["FLWSECK-"], r"FLWSECK-[a-z0-9]{32}-X"),
    token("easypost-key", &["EZAK"], r"EZAK[A-Za-z0-9]{54}"),
    Pattern {
        severity: Severity::Low,
        ..token("easypost-test-key", &["EZTK"], r"EZTK[A-Za-z0-9]{54}")
    },
    token(
        "shippo-token",
        &["shippo_live_"],
        r"shippo_live_[a-f0-9]{40}",
    ),
    Pattern {
        severity: Severity::Low,
        ..token(
            "shippo-test-token",
            &["shippo_test_"],
            r"shippo_test_[a-f0-9]{40}",
        )
    },
    token(
        "duffel-token",
        &["duffel_live_"],
        r"duffel_live_[A-Za-z0-9_=-]{43}",
    ),
    Pattern {
        severity: Severity::Low,
        ..token(
            "duffel-test-token",
            &["duffel_test_"],
            r"duffel_test_[A-Za-z0-9_=-]{43}",
        )
    },
    token(
        "polar-token",
        &["polar_oat_"],
        r"polar_oat_[A-Za-z0-9]{30,60}",
    ),
    // Models.
    sure(
        "anthropic-key",
        &["sk-ant-"],
        r"sk-ant-(?:api|admin|oat|ort|sid)[0-9]{2}-[A-Za-z0-9_-]{80,120}",
    ),
    sure(
        "openai-key",
        &["sk-proj-", "sk-svcacct-", "sk-admin-"],
        r"sk-(?:proj|svcacct|admin)-[A-Za-z0-9_-]{40,240}",
    ),
    Pattern {
        lead: Some(|byte| word_byte(byte) || byte == b'-'),
        ..sure(
            "openai-key",
            &["T3BlbkFJ"],
            r"sk-(?:[A-Za-z0-9]+-)?[A-Za-z0-9_-]{20,80}T3BlbkFJ[A-Za-z0-9_-]{20,80}",
        )
    },
    token("openrouter-key", &["sk-or-v1-"], r"sk-or-v1-[0-9a-f]{64}"),
    token(
        "langfuse-key",
        &["sk-lf-"],
        r"sk-lf-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    ),
    Pattern {
        check: model_key,
        ..token(
            "ai-service-key",
            &["sk-"],
            r"sk-(?:[A-Za-z0-9]{48}|[0-9a-f]{32})",
        )
    },
    Pattern {
        // Names in programs lie side by side without a gap, and many end in `hf`.
        in_programs: Programs::Skip,
        ..token("huggingface-token", &["hf_"], r"hf_[A-Za-z0-9]{34,40}")
    },
    Pattern {
        in_programs: Programs::Skip,
        ..token("huggingface-token", &["api_org_"], r"api_org_[A-Za-z]{34}")
    },
    Pattern {
        then: b"0123456789abcdef",
        ..token("elevenlabs-key", &["sk_"], r"sk_[0-9a-f]{48}")
    },
    token("cerebras-key", &["csk-"], r"csk-[a-z0-9]{48}"),
    likely("fireworks-key", &["fw_"], r"fw_[A-Za-z0-9]{24}"),
    token(
        "tavily-key",
        &["tvly-"],
        r"tvly-(?:dev-|prod-)?[A-Za-z0-9]{32}",
    ),
    likely("voyage-key", &["pa-"], r"pa-[A-Za-z0-9_-]{43}"),
    token("jina-key", &["jina_"], r"jina_[A-Za-z0-9_-]{60}"),
    token("llamacloud-key", &["llx-"], r"llx-[A-Za-z0-9]{48}"),
    Pattern {
        then: b"0123456789abcdef",
        ..token("firecrawl-key", &["fc-"], r"fc-[0-9a-f]{32}")
    },
    token("e2b-key", &["e2b_"], r"e2b_[a-f0-9]{40}"),
    token("groq-key", &["gsk_"], r"gsk_[A-Za-z0-9]{52}"),
    token("replicate-token", &["r8_"], r"r8_[A-Za-z0-9]{37}"),
    token("xai-key", &["xai-"], r"xai-[A-Za-z0-9]{80}"),
    token("perplexity-key", &["pplx-"], r"pplx-[A-Za-z0-9]{48,56}"),
    token(
        "langsmith-key",
        &["lsv2_pt_", "lsv2_sk_"],
        r"lsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}",
    ),
    token("nvidia-key", &["nvapi-"], r"nvapi-[A-Za-z0-9_-]{60,70}"),
    token("pinecone-key", &["pcsk_"], r"pcsk_[A-Za-z0-9_]{50,80}"),
    token("together-key", &["tgp_v1_"], r"tgp_v1_[A-Za-z0-9_-]{43}"),
    token(
        "wandb-key",
        &["wandb_v1_"],
        r"wandb_v1_[A-Za-z0-9_-]{60,90}",
    ),
    // Other services.
    Pattern {
        severity: Severity::High,
        check: json_web_token,
        ..likely(
            "jwt",
            &["eyJ"],
            r"eyJ[A-Za-z0-9_-]{10,2000}\.eyJ[A-Za-z0-9_-]{10,8000}\.[A-Za-z0-9_-]{20,2000}",
        )
    },
    Pattern {
        // Not the letters that most words go on with: path, patch, patient, pattern.
        then: b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabdefgjklmnopqrsuvwxyz",
        ..token(
            "airtable-token",
            &["pat"],
            r"pat[A-Za-z0-9]{14}\.[a-f0-9]{64}",
        )
    },
    Pattern {
        then: b"0123456789abcdef",
        ..token("trello-token", &["ATTA"], r"ATTA[a-fA-F0-9]{72}")
    },
    token("42-secret", &["s-s4t2"], r"s-s4t2(?:ud|af)-[a-f0-9]{64}"),
    token("adobe-secret", &["p8e-"], r"p8e-[A-Za-z0-9]{32}"),
    Pattern {
        lead: Some(word_byte),
        ..token(
            "maxmind-key",
            &["_mmk"],
            r"[A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk",
        )
    },
    Pattern {
        not_before: |byte| word_byte(byte) || matches!(byte, b'+' | b'/' | b'='),
        ..likely(
            "facebook-token",
            &["EAAC", "EAAM"],
            r"EAA[CM][A-Za-z0-9]{100,300}",
        )
    },
    token(
        "settlemint-token",
        &["sm_aat_", "sm_pat_", "sm_sat_"],
        r"sm_[aps]at_[A-Za-z0-9]{16}",
    ),
    likely("resend-key", &["re_"], r"re_[A-Za-z0-9]{8}_[A-Za-z0-9]{24}"),
    token("zuplo-key", &["zpka_"], r"zpka_[a-z0-9]{32}_[a-f0-9]{8}"),
    likely("brave-key", &["BSA"], r"BSA[A-Za-z0-9_-]{28}"),
    token("apify-token", &["apify_api_"], r"apify_api_[A-Za-z0-9]{36}"),
    token("notion-token", &["ntn_"], r"ntn_[0-9]{11}[A-Za-z0-9]{35}"),
    Pattern {
        ..token("notion-token", &["secret_"], r"secret_[A-Za-z0-9]{43}")
    },
    token(
        "figma-token",
        &["figd_", "figo_", "figu_"],
        r"fig[dou]_[A-Za-z0-9_-]{40}",
    ),
    token("typeform-token", &["tfp_"], r"tfp_[A-Za-z0-9_.=-]{44,60}"),
    token("contentful-token", &["CFPAT-"], r"CFPAT-[A-Za-z0-9_-]{43}"),
    token("frameio-token", &["fio-u-"], r"fio-u-[A-Za-z0-9_=-]{64}"),
    token("adafruit-key", &["aio_"], r"aio_[A-Za-z0-9]{28}"),
    token(
        "hubspot-token",
        &["pat-na", "pat-eu"],
        r"pat-(?:na|eu)[0-9]-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    ),
    Pattern {
        then: b"0123456789abcdef",
        ..token(
            "service-key",
            &["pk_"],
            r"pk_(?:[0-9a-f]{34}|[0-9]{6,10}_[A-Z0-9]{32})",
        )
    },
    token(
        "mapbox-token",
        &["sk.eyJ"],
        // The shorter the user's name, the shorter the middle.
        r"sk\.eyJ[A-Za-z0-9_-]{50,300}\.[A-Za-z0-9_-]{22}",
    ),
    // In the address of a channel (Anaconda.org, "Installing private packages").
    token(
        "anaconda-token",
        &["anaconda.org/t/"],
        r"anaconda\.org/t/([a-z]{2}-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})",
    ),
];
