//! The report's own words in both languages, each once. `{}` is filled in, in order.

use crate::facts::{Language, Signature, Verdict};

/// Chinese and English of one thing.
pub(crate) type Pair = (&'static str, &'static str);

/// This reader's.
pub(crate) fn say(language: Language, pair: Pair) -> &'static str {
    match language {
        Language::Zh => pair.0,
        Language::En => pair.1,
    }
}

/// This reader's, filled in.
pub(crate) fn fill(language: Language, pair: Pair, values: &[&str]) -> String {
    let mut parts = say(language, pair).split("{}");
    let mut out = parts.next().unwrap_or_default().to_owned();
    let mut values = values.iter();
    for part in parts {
        out.push_str(values.next().unwrap_or(&""));
        out.push_str(part);
    }
    out
}

pub(crate) const TITLE: Pair = ("电子证据报告", "Report on electronic evidence");
pub(crate) const UNDER_TITLE: Pair = (
    "依《最高人民法院关于互联网法院审理案件若干问题的规定》第十一条，逐项说明",
    "Answering the six questions of art. 11 of the Supreme People's Court's provisions on Internet courts",
);
pub(crate) const PACKET: Pair = ("证据包", "Packet");
pub(crate) const KIND: Pair = ("类别", "Kind");
pub(crate) const PLACE: Pair = ("地点", "Place");
pub(crate) const DEPLOYMENT: Pair = ("部署", "Deployment");
pub(crate) const GIVEN_UP: Pair = (
    "已放弃的草稿，照片仍在：{}",
    "A draft that was given up; its photos are here: {}",
);
pub(crate) const QR: Pair = ("证据包摘要", "Packet digest");
pub(crate) const COLON: Pair = ("：", ": ");
pub(crate) const COMMA: Pair = ("，", ", ");
pub(crate) const LIST: Pair = ("、", ", ");
pub(crate) const STOP: Pair = ("；", "; ");

pub(crate) fn verdict(verdict: Verdict) -> (Pair, Pair) {
    match verdict {
        Verdict::Verified => (
            ("核验结论：已核验", "Verdict: verified"),
            (
                "应当证明的各点都已证明。",
                "Every point that counts is proved.",
            ),
        ),
        Verdict::NotProved => (
            ("核验结论：未能证明", "Verdict: not proved"),
            (
                "没有发现矛盾，但有的点没有证明（列在后面）。“未能证明”不等于“核验不符”。",
                "Nothing contradicts, but some points are not proved (listed below). Not proved does not mean failed.",
            ),
        ),
        Verdict::Failed => (
            ("核验结论：核验不符", "Verdict: failed"),
            (
                "有的点核对过，结果不符（列在后面）。",
                "Some points were checked and are wrong (listed below).",
            ),
        ),
    }
}
pub(crate) const COUNTS: Pair = (
    "核对无误 {} 项 · 未能证明 {} 项 · 核验不符 {} 项",
    "{} checked and right · {} not proved · {} failed",
);

pub(crate) const QUESTIONS: [Pair; 6] = [
    ("一、生成环境", "1. In what environment was it made?"),
    ("二、生成主体和时间", "2. Who made it, and when?"),
    ("三、保管", "3. How was it kept?"),
    ("四、提取", "4. How was it extracted?"),
    ("五、完整性与变更", "5. Was it changed?"),
    ("六、怎样核验", "6. How can it be verified?"),
];

// 1
pub(crate) const DEVICE: Pair = ("设备", "Device");
pub(crate) const MODEL_UNKNOWN: Pair = ("型号未报", "model not reported");
pub(crate) const SOFTWARE: Pair = ("程序", "Program");
pub(crate) const NOT_REPORTED: Pair = ("未报", "not reported");
pub(crate) const SOURCES: [Pair; 3] = [
    ("相机拍摄 {} 件", "{} by the camera"),
    ("系统相机或文件 {} 件", "{} by the system camera or a file"),
    ("导入 {} 件", "{} imported"),
];
pub(crate) const CLOCK: Pair = ("时钟", "Clock");
pub(crate) const CLOCK_OFFSET: Pair = (
    "与服务器时间相差 {} 秒，最近对时 {}",
    "{} s from the server's time, last compared {}",
);
pub(crate) const CLOCK_ALONE: Pair = (
    "没有与服务器对过时",
    "never compared with the server's time",
);
pub(crate) const ZONE: Pair = ("时区 {}", "zone {}");
pub(crate) const BOOTS: Pair = ("跨 {} 次开机", "over {} starts of the device");
pub(crate) const POSITION: Pair = ("定位", "Position");
pub(crate) const FIX: Pair = (
    "纬度 {}，经度 {}（WGS-84），±{} 米",
    "latitude {}, longitude {} (WGS-84), ±{} m",
);
pub(crate) const NO_FIX: Pair = ("没有定位", "none");
pub(crate) const POSITIONS: Pair = ("{} 件有定位，{} 件没有", "{} items with one, {} without");
pub(crate) const MOCK: Pair = (
    "{} 件带有模拟定位标记",
    "{} marked as simulated by the platform",
);
pub(crate) const CLAIMED: Pair = (
    "以上是设备自报的情况，仅供参考，不属于核验结论。",
    "All this is what the device reported: information, not a verdict.",
);

// 2
pub(crate) const OFFICERS: Pair = ("执法人员", "Officers");
pub(crate) const NO_OFFICERS: Pair = ("记录里没有", "the record names none");
pub(crate) const LEAD: Pair = ("主办", "lead");
pub(crate) const SECOND: Pair = ("协办", "second");
pub(crate) const BADGE: Pair = ("证号 {}", "badge {}");
pub(crate) fn signature(signature: Signature) -> Pair {
    match signature {
        Signature::Right => ("签名有效", "signature right"),
        Signature::Wrong => ("签名不符", "signature wrong"),
        Signature::Unproved => ("签名未能证明", "signature not proved"),
        Signature::Absent => ("没有签名", "no signature"),
    }
}
pub(crate) const OF_DEVICE: Pair = ("平板{}", "Tablet: {}");
pub(crate) const TEAM: Pair = ("队伍 {}", "team {}");
pub(crate) const PARTY: Pair = ("当事人", "Party");
pub(crate) const NO_PARTY: Pair = ("没有记录", "none recorded");
pub(crate) const CLAIMED_TIME: Pair = ("自报时间", "Claimed");
pub(crate) const CAPTURED: Pair = ("拍摄 {}", "captured {}");
pub(crate) const CAPTURED_FROM: Pair = ("拍摄 {} 至 {}", "captured {} to {}");
pub(crate) const CLOSED: Pair = ("封闭 {}", "closed {}");
pub(crate) const DEVICE_CLOCK: Pair = ("（平板时钟）", " (tablet's clock)");
pub(crate) const SERVER_CLOCK: Pair = (
    "服务器收到 {}，入日志 {}（服务器时钟）",
    "received {}, logged {} (server's clock)",
);
pub(crate) const NOT_YET: Pair = ("未入", "not yet");
pub(crate) const PROVED_TIME: Pair = ("已证明", "Proved");
pub(crate) const SEALED_AFTER: Pair = ("封存晚于 {}", "sealed after {}");
pub(crate) const NO_LOWER: Pair = (
    "封存的最早时间：未能证明",
    "earliest time of the seal: not proved",
);
pub(crate) const LOGGED_BEFORE: Pair = ("入日志早于 {}", "logged before {}");
pub(crate) const NO_UPPER: Pair = (
    "入日志的最晚时间：未能证明",
    "latest time of logging: not proved",
);
pub(crate) const PHOTOS_TIME: Pair = ("各件的时间", "Each item");
pub(crate) const NO_BOUND: Pair = (
    "没有早于上述最晚时间的单独证明；拍摄时刻是设备自报的",
    "no bound of its own, earlier than the latest time above; when it was taken is the device's word",
);
pub(crate) const BOUNDED: Pair = (
    "{} 件（共 {} 件）另有证明：不晚于 {} 就已在平板上（入日志的心跳，时间戳机构）；拍摄时刻本身是设备自报的",
    "of {} items out of {} it is proved that they were on the tablet no later than {} (logged heartbeats, timestamp authority); when they were taken is the device's word",
);
pub(crate) const WORD: Pair = ("第 {} 件 {}", "item {} {}");
pub(crate) const CHALLENGED: Pair = (
    "现场码：{}，{} 以前无人能知道；照片里有没有，要由人来看",
    "challenge word: {}, which nobody could know before {}; whether the picture shows it, a person has to see",
);
pub(crate) const ITEM_BEFORE: Pair = ("拍摄于 {} 之前（已证明）", "taken before {} (proved)");

// 3
pub(crate) const ON_TABLET: Pair = ("平板", "Tablet");
pub(crate) const TABLET_LOG: Pair = (
    "保管链 {} 行，逐行相扣，由封签签定",
    "custody log of {} lines, each chained to the one before, fixed by the seal",
);
pub(crate) const CHAIN_WHOLE: Pair = ("核对完整", "checked: whole");
pub(crate) const CHAIN_NOT_WHOLE: Pair =
    ("核对不完整，见后", "checked: not whole, see the findings");
pub(crate) const ON_SERVER: Pair = ("服务器", "Server");
pub(crate) const SERVER_LOG: Pair = (
    "保管链 {} 行，接在封签之后（服务器的说法，末尾没有签名）",
    "custody log of {} lines, chained onto the seal (the server's word; its end is not signed)",
);
pub(crate) const STEPS: Pair = ("经过", "Steps");
pub(crate) const MORE_STEPS: Pair = (
    "另有 {} 步，见 custody.log 和 custody-after.log",
    "and {} more, see custody.log and custody-after.log",
);

// 4
pub(crate) const EXPORTED: Pair = ("导出", "Exported");
pub(crate) const EXPORTED_BY: Pair = (
    "{}，由{}导出；证据包按收到时的字节原样复制",
    "{} by {}; the packet is copied byte for byte as it was received",
);
pub(crate) const ADMINISTRATOR: Pair = ("系统管理员", "the administrator");
pub(crate) const ZIP: Pair = ("文件", "File");
pub(crate) const ZIP_IS: Pair = (
    "packet-{}.zip，{} 字节，sha256 {}",
    "packet-{}.zip, {} bytes, sha256 {}",
);
pub(crate) const DIGEST_IS: Pair = (
    "{}（封签文件 seal/packet.seal 的 sha256，即右上角二维码）",
    "{} (sha256 of the file seal/packet.seal; the code at the top right)",
);
pub(crate) const LOG: Pair = ("日志", "Log");
pub(crate) const LEAF: Pair = (
    "只增日志第 {} 条（共 {} 条），根 {}；附签名回执和入日志证明",
    "entry {} of the append-only log (of {}), root {}; with the signed receipt and the proof of inclusion",
);
pub(crate) const TOKENS: Pair = ("时间戳：{}", "timestamp tokens: {}");
pub(crate) const NO_TOKENS: Pair = ("没有时间戳", "no timestamp tokens");

// 5
pub(crate) const FIRST_BYTES: Pair = ("原始字节", "First bytes");
pub(crate) const ITEMS_OK: Pair = (
    "{} 件的字节与封存时逐件一致，也与保管链在拍摄时记下的摘要一致",
    "the bytes of all {} items are as sealed, and as the custody log recorded them at the shutter",
);
pub(crate) const ITEMS_NOT_OK: Pair = (
    "{} 件中有与封存时不一致的，见后",
    "among {} items some are not as sealed, see the findings",
);
pub(crate) const NO_ITEMS: Pair = ("没有照片等原件", "there are no photos or other items");
pub(crate) const VOIDED: Pair = ("作废", "Voided");
pub(crate) const VOIDED_ITEM: Pair = ("第 {} 件：{}", "item {}: {}");
pub(crate) const VOIDED_MORE: Pair = ("另 {} 件", "{} more");
pub(crate) const KEPT: Pair = (
    "（作废的原件仍在包内）",
    " (voided items are still in the packet)",
);
pub(crate) const NONE: Pair = ("无", "none");
pub(crate) const REOPENED: Pair = (
    "签名后重新打开 {} 次，当时的签名随之作废",
    "opened again after signing {} times, the signatures of that time being void",
);
pub(crate) const RECOVERED: Pair = (
    "异常中断后找回 {} 件",
    "{} items found again after an unexpected stop",
);
pub(crate) const OTHER_CHANGES: Pair = ("其他", "Besides");
pub(crate) const DERIVED: Pair = (
    "派生件 {} 件；本报告的小图是另行编码的，只供辨认",
    "{} signed children; the small pictures in this report are encoded anew, for recognition alone",
);
pub(crate) const SUPPLEMENTS: Pair = ("补充证据包 {}", "completes packet {}");

// 6
pub(crate) const WITH_TOOLS: Pair = ("公开工具", "Public tools");
pub(crate) const TOOLS: Pair = (
    "导出件中 VERIFY.txt 列有全部命令（sha256sum、openssl、BagIt 校验），不需要本系统的任何程序；第一步：sha256sum -c --strict manifest-sha256.txt",
    "VERIFY.txt in the export has every command (sha256sum, openssl, a BagIt validator); nothing of ours is needed. The first: sha256sum -c --strict manifest-sha256.txt",
);
pub(crate) const ON_PAPER: Pair = ("对照纸面", "By paper");
pub(crate) const PAPER: Pair = (
    "算出 seal/packet.seal 的 sha256，与本页的证据包摘要比对；再从本部署公布的信任锚核对各公钥",
    "compare the sha256 of seal/packet.seal with the packet digest on this page, and the keys with the trust anchors that the deployment publishes",
);
pub(crate) const LIMITS: Pair = (
    "签名和日志证明“此后未改动”，不证明内容属实；拍摄时间、地点和传感器数值是设备自报的。",
    "Signatures and log prove \"unaltered since\", never \"true\". Capture time, place and sensor values are the device's word.",
);

// After the questions
pub(crate) const FACTS: Pair = ("记录事项", "What was described");
pub(crate) const FINDINGS: Pair = ("没有证明或不符的各点", "What is not proved, or wrong");
pub(crate) const MORE_FINDINGS: Pair = (
    "另有 {} 项，用 fieldseal verify 或 verify.html 可看到全部",
    "and {} more; fieldseal verify or verify.html shows all",
);
pub(crate) const ITEMS: Pair = ("原件 {} 件", "{} items");
pub(crate) const MORE_ITEMS: Pair = (
    "另有 {} 件，见 data/record.json",
    "and {} more, see data/record.json",
);
pub(crate) const SEQUENCE: Pair = ("序号 {}", "capture {}");
pub(crate) const NO_PICTURE: Pair = ("无小图", "no picture");
pub(crate) const PAGE: Pair = ("第 {} 页，共 {} 页", "page {} of {}");

pub(crate) const STAMP_TIME: Pair = (
    "拍摄时间：{}（设备自报）",
    "Taken {} (as the device reported)",
);
pub(crate) const STAMP_PLACE: Pair = ("地点：{}（记录）", "Place: {} (as recorded)");
pub(crate) const STAMP_FIX: Pair = (
    "定位：{}，{}，±{} 米（设备自报）",
    "Position: {}, {}, ±{} m (as the device reported)",
);
pub(crate) const STAMP_NO_FIX: Pair = ("定位：没有", "Position: no position was reported");
pub(crate) const STAMP_OFFICER: Pair = ("{}（{}）", "{} ({})");
pub(crate) const STAMP_BETWEEN: Pair = ("、", ", ");
pub(crate) const STAMP_OFFICERS: Pair = ("执法人员：{}", "Officers: {}");
pub(crate) const STAMP_PACKET: Pair = ("证据包：{}，第 {} 件", "Packet {}, item {}");
pub(crate) const STAMP_PARENT: Pair = ("原件 SHA-256：{}", "SHA-256 of the original: {}");
pub(crate) const STAMP_CODE: Pair = (
    "核验码（封签摘要，同二维码）：{}",
    "Verifying code (packet digest, as in the QR): {}",
);
pub(crate) const STAMP_MADE: Pair = (
    "水印副本，{} 由 {} 制作；原件没有水印，以原件为准",
    "Stamped copy, made {} for {}. The original has no stamp, and is what counts",
);
pub(crate) const STAMP_ADMIN: Pair = ("管理员", "the administrator");
