//! Facts for tests: an ordinary packet, and one in which everything is as long as it can be.

use crate::facts::{
    Changes, Custody, Environment, Extraction, Facts, Finding, Item, Language, Making, Officer,
    Signature, Verdict,
};

/// 2026-11-23 09:41:27 in Shanghai.
pub const NOON: i64 = 1_795_398_087_000;

fn pick(language: Language, zh: &str, en: &str) -> String {
    match language {
        Language::Zh => zh.to_owned(),
        Language::En => en.to_owned(),
    }
}

/// An ordinary packet with so many photos.
pub fn facts(language: Language, photos: u32, thumbnail: Option<Vec<u8>>) -> Facts {
    let it = |zh: &str, en: &str| pick(language, zh, en);
    let items: Vec<Item> = (1..=photos)
        .map(|number| Item {
            number,
            shot: Some(if number % 2 == 0 {
                it("近景", "Close-up")
            } else {
                it("全景", "Panorama")
            }),
            captured_at: Some(NOON + i64::from(number) * 7000),
            captured_before: (number % 4 != 0).then(|| NOON + 60_250 + i64::from(number) * 10),
            challenge: (number == 1).then(|| ("衣茶 PZF1".to_owned(), NOON - 3_599_500)),
            capture_seq: u64::from(number) + 211,
            accuracy_m: Some(6.0 + f64::from(number)),
            size: 3_481_220 + u64::from(number) * 977,
            media_type: "image/jpeg".to_owned(),
            sha256: format!("{number:02x}").repeat(32),
            voided: (number == 3)
                .then(|| it("误拍，拍到地面", "taken by mistake, shows the ground")),
            thumbnail: thumbnail.clone().filter(|_| number != 5),
        })
        .collect();
    Facts {
        language,
        origin: "evidence.example.gov.cn/log".to_owned(),
        packet: "01a20610-b158-7031-b233-343536373839".to_owned(),
        packet_digest: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
            .to_owned(),
        made_at: NOON + 9_000_000,
        utc_offset_minutes: 480,
        kind: it("违法建筑", "Illegal structure"),
        given_up: None,
        place: Some(it(
            "长宁区虹桥路 1440 号 3 号楼 顶层 露台",
            "1440 Hongqiao Road, building 3, roof terrace",
        )),
        fields: [
            ("阶段", "Stage", "疑似", "suspected"),
            (
                "结构形式",
                "Structure",
                "轻钢玻璃顶棚",
                "light steel, glass roof",
            ),
            ("层数", "Storeys", "1", "1"),
            ("面积", "Area", "23.5 平方米（目测）", "23.5 m² (estimated)"),
            ("点位编号", "Point", "HQ-0231", "HQ-0231"),
        ]
        .iter()
        .map(|(zh, en, value_zh, value_en)| (it(zh, en), it(value_zh, value_en)))
        .collect(),
        verdict: Verdict::NotProved,
        ok: 19,
        findings: vec![
            Finding {
                failed: false,
                text: it(
                    "未能证明：封存时没有见过带时间戳的检查点，“不早于”没有证明。没有发现矛盾。",
                    "Not proved: no stamped checkpoint had been seen, so there is no lower time bound. Nothing contradicts.",
                ),
            },
            Finding {
                failed: false,
                text: it(
                    "未能证明：没有外部见证联署。没有发现矛盾。",
                    "Not proved: no outside witness has cosigned. Nothing contradicts.",
                ),
            },
        ],
        environment: Environment {
            device: "evidence.example.gov.cn/log/device/01a2060f-4d2e".to_owned(),
            models: vec!["HUAWEI BTK-AL09".to_owned()],
            software: vec!["Fieldseal 0.1.0".to_owned()],
            sources: [photos, 0, 0],
            zone: "Asia/Shanghai".to_owned(),
            boots: 1,
            clock_offset_ms: Some((320, 410)),
            server_seen_at: Some(NOON - 3_600_000),
            fix: Some((
                "31.195871".to_owned(),
                "121.405112".to_owned(),
                6.0,
                Some("gps".to_owned()),
            )),
            positions: (photos, 0),
            mock: 0,
        },
        making: Making {
            officers: vec![
                Officer {
                    name: "陈喆".to_owned(),
                    badge: "09150123".to_owned(),
                    lead: true,
                    signature: Signature::Right,
                },
                Officer {
                    name: "王建国".to_owned(),
                    badge: "09150456".to_owned(),
                    lead: false,
                    signature: Signature::Right,
                },
            ],
            device: Signature::Right,
            team: Some(it("虹桥街道队", "Hongqiao team")),
            party: Some((
                it("在场", "present"),
                Some("上海某某餐饮管理有限公司".to_owned()),
                None,
            )),
            captured: Some((NOON, NOON + 180_000)),
            closed_at: Some(NOON + 400_000),
            sealed_after: None,
            logged_before: Some(NOON + 1_200_000),
            received_at: NOON + 800_000,
            logged_at: Some(NOON + 801_000),
        },
        custody: Custody {
            tablet_lines: 14,
            whole: true,
            server_lines: 5,
            steps: vec![
                (NOON, Some("陈喆".to_owned()), it("新建取证", "draft begun")),
                (
                    NOON + 400_000,
                    None,
                    it(
                        "封闭，共 6 件（序号 212-217）",
                        "closed with 6 items (captures 212-217)",
                    ),
                ),
                (NOON + 800_000, None, it("服务器收齐", "all bytes received")),
                (
                    NOON + 801_000,
                    None,
                    it(
                        "写入日志第 41 条，已出回执",
                        "logged as leaf 41; receipt given",
                    ),
                ),
                (
                    NOON + 5_000_000,
                    Some("李审核".to_owned()),
                    it("通过", "accepted"),
                ),
            ],
        },
        extraction: Extraction {
            by: "李审核".to_owned(),
            zip_sha256: "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752"
                .to_owned(),
            zip_size: 20_913_882,
            leaf: Some((41, 57)),
            root: Some("n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=".to_owned()),
            tokens: vec!["tsa-a".to_owned(), "tsa-b".to_owned()],
        },
        changes: Changes {
            items_ok: true,
            reopened: 0,
            recovered: 0,
            derived: 0,
            supplements: None,
        },
        items,
    }
}

/// Everything as long and as many as it can be.
pub fn overfull(language: Language) -> Facts {
    let mut facts = facts(language, 300, None);
    let long = "很长的文字 very long text ".repeat(60);
    facts.place = Some(long.clone());
    facts.kind = long.clone();
    facts.origin = "x".repeat(128);
    facts.given_up = Some(long.clone());
    facts.verdict = Verdict::Failed;
    facts.fields = vec![(long.clone(), long.clone()); 60];
    facts.findings = vec![
        Finding {
            failed: true,
            text: long.clone(),
        };
        40
    ];
    facts.environment.models = vec![long.clone(); 5];
    facts.environment.software = vec![long.clone(); 5];
    facts.environment.zone = long.clone();
    facts.making.officers = vec![
        Officer {
            name: long.clone(),
            badge: long.clone(),
            lead: false,
            signature: Signature::Wrong,
        };
        9
    ];
    facts.making.party = Some((long.clone(), Some(long.clone()), Some(long.clone())));
    facts.custody.steps = vec![(NOON, Some(long.clone()), long.clone()); 500];
    facts.extraction.by = long.clone();
    facts.extraction.tokens = vec![long.clone(); 20];
    for item in &mut facts.items {
        item.voided = Some(long.clone());
        item.shot = Some(long.clone());
        item.media_type = long.clone();
    }
    facts
}

/// Nothing that could be left out is there.
pub fn bare(language: Language) -> Facts {
    let mut facts = facts(language, 0, None);
    facts.place = None;
    facts.fields.clear();
    facts.findings.clear();
    facts.verdict = Verdict::Verified;
    facts.environment = Environment::default();
    facts.making.officers.clear();
    facts.making.party = None;
    facts.making.team = None;
    facts.making.captured = None;
    facts.making.closed_at = None;
    facts.making.logged_at = None;
    facts.custody = Custody::default();
    facts.extraction.leaf = None;
    facts.extraction.tokens.clear();
    facts
}
