//! What a verifier says: findings with stable codes, each with one level and one plain sentence in each language.
//!
//! The table below is the only place where codes, levels and sentences stand; `docs/spec/findings.md` is made from it.
//! *Not proved* is not *failed*: it says that something that would prove a point is absent, and nothing contradicts.

use crate::Timestamp;
use serde::Serialize;

/// How much a finding weighs. The order is that of the verdict: later is worse; `Info` never counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Reported, without a verdict.
    Info,
    /// Checked and right.
    Ok,
    /// What would prove it is absent.
    NotProved,
    /// Checked and wrong.
    Failed,
}

impl Level {
    /// The word as it stands in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Ok => "ok",
            Self::NotProved => "not-proved",
            Self::Failed => "failed",
        }
    }
}

/// The worst level among the findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Everything that counts is proved.
    Verified,
    /// Something is not proved, nothing failed.
    NotProved,
    /// Something failed.
    Failed,
}

impl Verdict {
    /// The word as it stands in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::NotProved => "not-proved",
            Self::Failed => "failed",
        }
    }

    /// Of these findings.
    pub fn of(findings: &[Finding]) -> Self {
        match findings.iter().map(|finding| finding.code.level()).max() {
            Some(Level::Failed) => Self::Failed,
            Some(Level::NotProved) => Self::NotProved,
            _ => Self::Verified,
        }
    }
}

/// A reader's language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// 中文
    Zh,
    /// English
    En,
}

macro_rules! codes {
    ($( $level:ident { $( $code:ident $word:literal $zh:literal $en:literal )* } )*) => {
        /// A finding's stable code.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Code { $($(
            #[doc = $en]
            $code,
        )*)* }

        impl Code {
            /// Every code, in the order of the specification.
            pub const ALL: &'static [Code] = &[ $($( Code::$code, )*)* ];

            /// The code as it stands in JSON.
            pub fn word(self) -> &'static str {
                match self { $($( Self::$code => $word, )*)* }
            }

            /// Each code has one level.
            pub fn level(self) -> Level {
                match self { $($( Self::$code => Level::$level, )*)* }
            }

            /// The sentence, `{subject}`, `{name}` and `{detail}` not yet filled in.
            pub fn template(self, language: Language) -> &'static str {
                match (self, language) { $($(
                    (Self::$code, Language::Zh) => $zh,
                    (Self::$code, Language::En) => $en,
                )*)* }
            }
        }
    };
}

codes! {
    Failed {
        FileUnreadable "file-unreadable" "核验不符：{subject} 读不出来（{detail}）。" "Failed: {subject} can't be read ({detail})."
        ZipMalformed "zip-malformed" "核验不符：压缩包结构有误（{detail}）。" "Failed: the zip is not well-formed ({detail})."
        ZipMethod "zip-method" "核验不符：压缩包里有经压缩、加密或流式写入的条目；证据包只按原样存放。" "Failed: the zip has compressed, encrypted or streamed entries; packets are stored plainly."
        ZipLimit "zip-limit" "核验不符：压缩包超出限额（{detail}）。" "Failed: the zip is over a limit ({detail})."
        ZipNameUnsafe "zip-name-unsafe" "核验不符：压缩包里有不安全的文件名。" "Failed: the zip has an unsafe file name."
        ZipNameDuplicate "zip-name-duplicate" "核验不符：压缩包里有两个文件同名（或在某些系统上同名）。" "Failed: two files in the zip have the same name, on some system at least."
        ZipEntryKind "zip-entry-kind" "核验不符：压缩包里有不是普通文件的条目。" "Failed: the zip has an entry that is not a regular file."
        ZipTopFolder "zip-top-folder" "核验不符：压缩包的顶层文件夹不对。" "Failed: the zip's top folder is not the packet's."
        ZipCrcMismatch "zip-crc-mismatch" "核验不符：{subject} 的 CRC 与内容不一致。" "Failed: the CRC of {subject} does not fit its content."
        BagDeclaration "bag-declaration" "核验不符：bagit.txt 缺失或有误。" "Failed: bagit.txt is missing or wrong."
        BagInfo "bag-info" "核验不符：bag-info.txt 与内容不一致（{detail}）。" "Failed: bag-info.txt does not fit the content ({detail})."
        ManifestMissing "manifest-missing" "核验不符：缺少清单 {subject}。" "Failed: the manifest {subject} is missing."
        ManifestMalformed "manifest-malformed" "核验不符：清单 {subject} 有误（{detail}）。" "Failed: the manifest {subject} is malformed ({detail})."
        FileMissing "file-missing" "核验不符：清单里的 {subject} 不见了。" "Failed: {subject}, which a manifest lists, is missing."
        FileMismatch "file-mismatch" "核验不符：{subject} 与封存时不同。" "Failed: {subject} differs from what was sealed."
        ItemMismatch "item-mismatch" "核验不符：第 {name} 张与封存时不同。" "Failed: photo {name} differs from what was sealed."
        Sm3Mismatch "sm3-mismatch" "核验不符：{subject} 与 SM3 清单不一致。" "Failed: {subject} is not as the SM3 manifests say."
        FileUnlisted "file-unlisted" "核验不符：{subject} 不在任何清单里，是后加的。" "Failed: {subject} is in no manifest; it was added."
        SealMissing "seal-missing" "核验不符：没有封签。" "Failed: there is no seal."
        SealMalformed "seal-malformed" "核验不符：封签格式有误（{detail}）。" "Failed: the seal is malformed ({detail})."
        SealTagmanifestMismatch "seal-tagmanifest-mismatch" "核验不符：封签所指的清单不是这一份。" "Failed: the seal names another tag manifest than this one."
        SealPacketMismatch "seal-packet-mismatch" "核验不符：封签写的是另一个证据包（{subject}）。" "Failed: the seal is of another packet ({subject})."
        SealCapturesMismatch "seal-captures-mismatch" "核验不符：封签上的拍摄序号与保管链不一致。" "Failed: the capture numbers on the seal differ from the custody log's."
        DevicePrevMismatch "device-prev-mismatch" "核验不符：封签没有接在它前面的那一个之后（{subject}）。" "Failed: the seal does not follow the one before it, or the enrolment ({subject})."
        DeviceLineInvalid "device-line-invalid" "核验不符：平板的签名无效（{subject}）。" "Failed: the tablet's signature is wrong ({subject})."
        OfficerLineInvalid "officer-line-invalid" "核验不符：执法人员的签名无效（{subject}）。" "Failed: an officer's signature is wrong ({subject})."
        OfficersSameKey "officers-same-key" "核验不符：两行签名用的是同一把钥匙。" "Failed: two lines of the seal are by one and the same key."
        KeyConflict "key-conflict" "核验不符：有两把同名同号的钥匙（{subject}）。" "Failed: there are two keys of one name and id ({subject})."
        KeyMalformed "key-malformed" "核验不符：{subject} 不是有效的公钥文件。" "Failed: {subject} is not a valid key file."
        EnrolmentInvalid "enrolment-invalid" "核验不符：登记凭证无效（{subject}）。" "Failed: an enrolment entry is wrong ({subject})."
        AttestationInvalid "attestation-invalid" "核验不符：厂商对平板钥匙的证明 {subject} 无效（{detail}）。" "Failed: the maker's certificates of the tablet's key, {subject}, are wrong ({detail})."
        CmsInvalid "cms-invalid" "核验不符：CMS 签名无效（{detail}）。" "Failed: the CMS signature is wrong ({detail})."
        KeyRevokedBeforeSeal "key-revoked-before-seal" "核验不符：封存前这把钥匙就已被吊销（{subject}）。" "Failed: the key was revoked before the seal ({subject})."
        CustodyMissing "custody-missing" "核验不符：没有保管链。" "Failed: there is no custody log."
        CustodyMalformed "custody-malformed" "核验不符：保管链 {subject} 第 {detail} 行读不懂。" "Failed: line {detail} of the custody log {subject} can't be read."
        CustodyChainBroken "custody-chain-broken" "核验不符：保管链 {subject} 在第 {detail} 行断开。" "Failed: the custody log {subject} is broken at line {detail}."
        CustodyNotClosed "custody-not-closed" "核验不符：保管链不是以开包开头、以封闭结尾。" "Failed: the custody log does not begin with 'opened' and end with 'closed'."
        CustodyItemMismatch "custody-item-mismatch" "核验不符：{subject} 与保管链里拍摄的那一件不是同一件。" "Failed: {subject} is not what the custody log says was captured."
        CaptureChainBroken "capture-chain-broken" "核验不符：拍摄序号 {detail} 没有接在前一张之后。" "Failed: capture {detail} does not follow the one before it."
        RecordMissing "record-missing" "核验不符：没有记录文件。" "Failed: there is no record."
        RecordMalformed "record-malformed" "核验不符：记录文件 {subject} 格式有误（{detail}）。" "Failed: {subject} is malformed ({detail})."
        RecordPacketMismatch "record-packet-mismatch" "核验不符：记录写的是另一个证据包。" "Failed: the record is of another packet."
        RecordDeviceMismatch "record-device-mismatch" "核验不符：记录写的平板与签名的平板不同。" "Failed: the record names another tablet than the one that signed."
        RecordItemMismatch "record-item-mismatch" "核验不符：记录里的 {subject} 与包里的不一致。" "Failed: the record and the packet differ about {subject}."
        RecordCustodyMismatch "record-custody-mismatch" "核验不符：记录与保管链说的不一样（{subject} {detail}）。" "Failed: the record and the custody log do not say the same ({subject} {detail})."
        ChallengeMismatch "challenge-mismatch" "核验不符：{subject} 的现场码（{detail}）不是所指时间戳的那一个。" "Failed: the challenge word of {subject} ({detail}) is not the one of the token that it names."
        SeenCheckpointInvalid "seen-checkpoint-invalid" "核验不符：包里的日志检查点与封签不一致或签名无效。" "Failed: the seen checkpoint differs from the seal's, or its signature is wrong."
        SeenTokenMismatch "seen-token-mismatch" "核验不符：包里的时间戳不是封签所指的那一个（{subject}）。" "Failed: a timestamp token is not the one that the seal names ({subject})."
        SeenTokenInvalid "seen-token-invalid" "核验不符：封存时见过的时间戳 {subject} 无效（{detail}）。" "Failed: the timestamp token {subject} that had been seen is wrong ({detail})."
        TimestampInvalid "timestamp-invalid" "核验不符：时间戳 {subject} 无效（{detail}）。" "Failed: the timestamp token {subject} is wrong ({detail})."
        ReceiptMalformed "receipt-malformed" "核验不符：回执格式有误（{detail}）。" "Failed: the receipt is malformed ({detail})."
        ReceiptInvalid "receipt-invalid" "核验不符：回执的签名不对。" "Failed: wrong signature on the receipt."
        ReceiptMismatch "receipt-mismatch" "核验不符：回执说的不是这个证据包（{detail}）。" "Failed: the receipt is about other bytes ({detail})."
        ProofMalformed "proof-malformed" "核验不符：入日志证明格式有误（{detail}）。" "Failed: the proof of inclusion is malformed ({detail})."
        LogInclusionInvalid "log-inclusion-invalid" "核验不符：入日志证明证的是别的内容。" "Failed: the proof of inclusion is of other bytes."
        CheckpointInvalid "checkpoint-invalid" "核验不符：日志检查点的签名无效，或与证明里的不同。" "Failed: the checkpoint's signature is wrong, or it differs from the proof's."
        LogRotationInvalid "log-rotation-invalid" "核验不符：日志换钥凭证 {subject} 无效（{detail}）。" "Failed: the log's rotation to another key, {subject}, is wrong ({detail})."
        LogContinuationInvalid "log-continuation-invalid" "核验不符：日志的接续凭证无效（{detail}）。" "Failed: the leaf that names the log before this one is wrong ({detail})."
        ConsistencyInvalid "consistency-invalid" "核验不符：日志不是从平板见过的检查点延伸来的。" "Failed: the log does not extend the checkpoint that the tablet had seen."
        ExportPacketMissing "export-packet-missing" "核验不符：导出件里没有（唯一的）证据包。" "Failed: the export does not hold exactly one packet."
        ExportPacketMismatch "export-packet-mismatch" "核验不符：导出件写的是另一个证据包（{detail}）。" "Failed: the export is labelled as another packet ({detail})."
        CustodyAfterMismatch "custody-after-mismatch" "核验不符：服务器的保管链与回执、证明或决定不一致（第 {detail} 行）。" "Failed: the server's custody log contradicts receipt, proof or decisions (line {detail})."
        DecisionInvalid "decision-invalid" "核验不符：审核决定 {subject} 的签名或摘要不对。" "Failed: the decision {subject} has a wrong signature or digest."
        HeartbeatMalformed "heartbeat-malformed" "核验不符：心跳 {subject} 格式有误（{detail}）。" "Failed: the heartbeat {subject} is malformed ({detail})."
        HeartbeatLineInvalid "heartbeat-line-invalid" "核验不符：心跳 {subject} 的签名无效。" "Failed: the signature of the heartbeat {subject} is wrong."
        HeartbeatContradicts "heartbeat-contradicts" "核验不符：平板签名的心跳 {subject} 里，拍摄序号 {detail} 是另一件，不是包里这一件。" "Failed: the heartbeat {subject}, signed by the tablet, has another item under capture {detail} than the packet."
        HeartbeatProofInvalid "heartbeat-proof-invalid" "核验不符：心跳的入日志证明 {subject} 不成立（{detail}）。" "Failed: the heartbeat's proof of inclusion {subject} does not hold ({detail})."
        HeartbeatTokenInvalid "heartbeat-token-invalid" "核验不符：心跳的时间戳 {subject} 无效（{detail}）。" "Failed: the heartbeat's timestamp token {subject} is wrong ({detail})."
        ChildMalformed "child-malformed" "核验不符：派生件的签注 {subject} 格式有误。" "Failed: the note of a signed child, {subject}, is malformed."
        ChildParentUnknown "child-parent-unknown" "核验不符：派生件 {subject} 所说的原件不在这个证据包里。" "Failed: the signed child {subject} names an original that this packet does not hold."
        ChildMismatch "child-mismatch" "核验不符：派生件 {subject} 与签注不一致，或不见了。" "Failed: the signed child of {subject} is not as its note says, or is missing."
        ChildSignatureInvalid "child-signature-invalid" "核验不符：派生件签注 {subject} 的签名不对。" "Failed: wrong signature on the note of a signed child, {subject}."
        ChildUnlisted "child-unlisted" "核验不符：派生件 {subject} 没有签注，不知由谁、由什么做成。" "Failed: {subject} stands among the signed children without a note; nothing says what it was made of."
        SealEquivocation "seal-equivocation" "核验不符：同一台平板用同一个序号封存了两个不同的证据包。" "Failed: the tablet has sealed two different packets under one number."
    }
    NotProved {
        TrustAnchorSelfSupplied "trust-anchor-self-supplied" "未能证明：没有给出信任锚，钥匙是证据包自带的。没有发现矛盾。" "Not proved: no trust anchor was given; the keys are the packet's own. Nothing contradicts."
        TrustAnchorOtherOrigin "trust-anchor-other-origin" "未能证明：给出的信任锚不是这个部署的（{subject}）。没有发现矛盾。" "Not proved: the trust anchor given is of another deployment than {subject}. Nothing contradicts."
        TrustAnchorUnused "trust-anchor-unused" "未能证明：给出的信任锚是同名部署的，但没有一把钥匙核验到这里的签名。" "Not proved: the trust anchor given is of a deployment of this name, but none of its keys has made a signature here."
        DeviceLineAbsent "device-line-absent" "未能证明：封签上没有平板的签名。" "Not proved: the seal has no line by the tablet."
        DeviceKeyUnknown "device-key-unknown" "未能证明：不认识平板的钥匙（{subject}）。没有发现矛盾。" "Not proved: the tablet's key is not known ({subject}). Nothing contradicts."
        DeviceNotEnrolled "device-not-enrolled" "未能证明：没有能核验的平板钥匙登记凭证（{subject}）。没有发现矛盾。" "Not proved: there is no enrolment of the tablet's key that could be checked ({subject}). Nothing contradicts."
        OfficerLineAbsent "officer-line-absent" "未能证明：记录里的执法人员没有签名（{subject}）。" "Not proved: an officer whom the record names has not signed ({subject})."
        OfficerKeyUnknown "officer-key-unknown" "未能证明：不认识执法人员的钥匙（{subject}）。没有发现矛盾。" "Not proved: an officer's key is not known ({subject}). Nothing contradicts."
        OfficerNotEnrolled "officer-not-enrolled" "未能证明：没有能核验的执法人员钥匙登记凭证（{subject}）。没有发现矛盾。" "Not proved: there is no enrolment of an officer's key that could be checked ({subject}). Nothing contradicts."
        CmsSignerUnknown "cms-signer-unknown" "未能证明：CMS 签名与清单相符，但未能证明是平板签的（{detail}）。" "Not proved: the CMS signature fits the manifest; that the tablet made it is not proved ({detail})."
        SecondOfficerAbsent "second-officer-absent" "未能证明：记录里不足两名执法人员，未能证明有两人在场。" "Not proved: the record names fewer than two officers, so that there were two is not proved."
        KeyRevokedBeforeLogging "key-revoked-before-logging" "未能证明：入日志前这把钥匙已被吊销（{subject}）。" "Not proved: the key was revoked before the packet was logged ({subject})."
        SignatureUnsupported "signature-unsupported" "未能证明：这种签名本程序验不了（{subject}）。" "Not proved: this program can't check this type of signature ({subject})."
        SchemaUnknown "schema-unknown" "未能证明：{subject} 的版式（{detail}）本程序不认识；字节已核对。" "Not proved: this program does not know the schema {detail} of {subject}; its bytes are checked."
        LowerBoundNone "lower-bound-none" "未能证明：封存时没有见过带时间戳的检查点，“不早于”没有证明。没有发现矛盾。" "Not proved: no stamped checkpoint had been seen, so there is no lower time bound. Nothing contradicts."
        LowerBoundAuthorityUnknown "lower-bound-authority-unknown" "未能证明：时间戳 {subject} 的机构不在信任锚里，“不早于”没有证明。没有发现矛盾。" "Not proved: the authority of the timestamp token {subject} is not among the trust anchors, so there is no lower time bound. Nothing contradicts."
        LowerBoundUnsupported "lower-bound-unsupported" "未能证明：时间戳 {subject} 用的算法本程序验不了（{detail}），“不早于”没有证明。没有发现矛盾。" "Not proved: this program can't check the timestamp token {subject} ({detail}), so there is no lower time bound. Nothing contradicts."
        LowerBoundNotChecked "lower-bound-not-checked" "未能证明：本程序还不核验时间戳，“不早于”没有证明。没有发现矛盾。" "Not proved: this program does not check timestamp tokens yet, so there is no lower time bound. Nothing contradicts."
        LogInclusionAbsent "log-inclusion-absent" "未能证明：没有附上入日志的证明。没有发现矛盾。" "Not proved: there is no proof of inclusion in the log. Nothing contradicts."
        ConsistencyAbsent "consistency-absent" "未能证明：没有附上日志从平板见过的检查点延伸到现在的证明。没有发现矛盾。" "Not proved: there is no proof that the log extends the checkpoint that the tablet had seen. Nothing contradicts."
        LogKeyUnknown "log-key-unknown" "未能证明：不认识日志的钥匙。没有发现矛盾。" "Not proved: the log's key is not known. Nothing contradicts."
        ReceiptKeyUnknown "receipt-key-unknown" "未能证明：不认识回执的钥匙。没有发现矛盾。" "Not proved: the receipt's key is not known. Nothing contradicts."
        DecisionKeyUnknown "decision-key-unknown" "未能证明：不认识审核决定的钥匙（{subject}）。" "Not proved: the key of the decision {subject} is not known."
        ChildKeyUnknown "child-key-unknown" "未能证明：派生件签注 {subject} 的钥匙不认识、没有登记或已被吊销。" "Not proved: the key of the signed child {subject} is not known, not enrolled, or revoked."
        TimestampAbsent "timestamp-absent" "未能证明：没有时间戳，“不晚于”没有证明。没有发现矛盾。" "Not proved: there is no timestamp token, so there is no upper time bound. Nothing contradicts."
        TimestampAuthorityUnknown "timestamp-authority-unknown" "未能证明：时间戳 {subject} 的机构不在信任锚里，“不晚于”没有证明。没有发现矛盾。" "Not proved: the authority of the timestamp token {subject} is not among the trust anchors, so there is no upper time bound. Nothing contradicts."
        TimestampUnsupported "timestamp-unsupported" "未能证明：时间戳 {subject} 用的算法本程序验不了（{detail}），“不晚于”没有证明。没有发现矛盾。" "Not proved: this program can't check the timestamp token {subject} ({detail}), so there is no upper time bound. Nothing contradicts."
        TimestampNotLogged "timestamp-not-logged" "未能证明：时间戳有效，但没有证明封签在它所盖的检查点里，“不晚于”没有证明。" "Not proved: the timestamp token is right, but nothing proves that its checkpoint holds the seal, so there is no upper time bound."
        IntervalContradictory "interval-contradictory" "未能证明：两个时间界限互相矛盾（{detail}），其中一家时间戳机构的钟不准，两个界限都不作数。" "Not proved: the two time bounds contradict each other ({detail}); one of the authorities has a wrong clock, so neither bound counts."
        CaptureIntervalContradictory "capture-interval-contradictory" "未能证明：第 {name} 张的现场码晚于证明它已在的时刻（{detail}），两个界限都不作数。" "Not proved: the challenge word of photo {name} is later than the time before which the photo was there ({detail}), so neither bound counts."
        TimestampNotChecked "timestamp-not-checked" "未能证明：本程序还不核验时间戳，“不晚于”没有证明。没有发现矛盾。" "Not proved: this program does not check timestamp tokens yet, so there is no upper time bound. Nothing contradicts."
        WitnessAbsent "witness-absent" "未能证明：没有外部见证联署。没有发现矛盾。" "Not proved: no outside witness has cosigned. Nothing contradicts."
    }
    Ok {
        ZipOk "zip-ok" "压缩包结构完好。" "The zip is well-formed."
        FilesOk "files-ok" "{detail} 个文件与清单和封签一致，没有多余的文件。" "{detail} files are as manifests and seal say, and there are no others."
        ExportOk "export-ok" "导出件自己的 {detail} 个文件与清单一致，没有多余的文件。" "The export's own {detail} files are as its manifests say, and there are no others."
        ItemsOk "items-ok" "{detail} 件照片等原件的字节与封存时一致。" "The bytes of {detail} photos and other items are as sealed."
        Sm3Ok "sm3-ok" "{detail} 个文件与 SM3 清单也一致。" "{detail} files are as the SM3 manifests say, too."
        SealOk "seal-ok" "封签与清单一致。" "The seal fits the manifests."
        DeviceLineOk "device-line-ok" "平板的签名有效（{subject}）。" "The tablet's signature is right ({subject})."
        OfficerLineOk "officer-line-ok" "执法人员的签名有效（{subject}）。" "An officer's signature is right ({subject})."
        TwoOfficersOk "two-officers-ok" "两名执法人员都签了名。" "Two officers have signed."
        DeviceEnrolled "device-enrolled" "平板的钥匙经登记机构登记（{subject}）。" "The tablet's key is enrolled by the authority ({subject})."
        OfficerEnrolled "officer-enrolled" "执法人员的钥匙经登记机构登记（{subject}）。" "An officer's key is enrolled by the authority ({subject})."
        AttestationOk "attestation-ok" "平板的钥匙有厂商证明，证书链到达信任的厂商根证书（{subject}）。" "The maker vouches for the tablet's key ({subject}): its certificates lead to a maker's root that is trusted."
        CmsOk "cms-ok" "平板的 CMS 签名有效（{subject}）。" "The tablet's CMS signature is right ({subject})."
        TrustAnchorOk "trust-anchor-ok" "按给出的信任锚核验。" "Checked against the trust anchor that was given."
        DeviceFirst "device-first" "这是本机登记后的第 1 个证据包。" "This is the device's first packet after its enrolment."
        CustodyOk "custody-ok" "保管链 {subject} 完整，共 {detail} 行。" "The custody log {subject} is whole, {detail} lines."
        RecordOk "record-ok" "记录与包里的内容一致。" "The record fits the packet."
        SeenCheckpointOk "seen-checkpoint-ok" "封存时见过的日志检查点有效（第 {detail} 条）。" "The checkpoint that had been seen is right (size {detail})."
        LowerBoundOk "lower-bound-ok" "封存不早于 {detail}，由时间戳机构证明（{subject}）。" "Sealed after {detail}, by a timestamp authority ({subject})."
        TimestampOk "timestamp-ok" "入日志不晚于 {detail}，由时间戳机构证明（{subject}）。" "Logged before {detail}, by a timestamp authority ({subject})."
        CaptureBounded "capture-bounded" "第 {name} 张在 {detail} 之前就已在平板上，由入日志的心跳和时间戳机构证明。" "Photo {name} was there before {detail}, by a logged heartbeat and a timestamp authority."
        ReceiptOk "receipt-ok" "服务器的签名回执有效。" "The server's signed receipt is right."
        LogInclusionOk "log-inclusion-ok" "已入日志第 {detail} 条，证明有效。" "In the log at index {detail}; the proof is right."
        ConsistencyOk "consistency-ok" "日志从平板见过的检查点一致延伸到现在。" "The log extends the checkpoint that the tablet had seen."
        WitnessOk "witness-ok" "所要求的外部见证都已联署。" "The outside witnesses that the policy asks for have cosigned."
        DecisionOk "decision-ok" "审核决定 {subject} 的签名与摘要有效。" "The decision {subject} has a right signature and digest."
        ChildOk "child-ok" "派生件 {subject} 的签注有效，原件在这个证据包里。" "The note of the signed child {subject} is right, and its original is in this packet."
    }
    Info {
        ZipNotCanonical "zip-not-canonical" "压缩包不是本产品的写法；里面的字节照样逐一核对。" "The zip is not written as this product writes it; the bytes inside are checked all the same."
        SelfReported "self-reported" "拍摄时刻和位置是设备自报的。" "Time and place are as the device reported."
        NoFix "no-fix" "第 {name} 张没有定位（{detail}）。" "Photo {name} has no position ({detail})."
        MockLocation "mock-location" "第 {name} 张的定位带有模拟标记。" "Photo {name} has a position that the platform marks as simulated."
        ItemVoided "item-voided" "第 {name} 张已作废：{detail}" "Photo {name} was voided: {detail}"
        KindVoid "kind-void" "这是一个放弃的草稿，照片仍在：{detail}" "This is a draft that was given up; its photos are here: {detail}"
        SupplementOf "supplement-of" "这是对证据包 {subject} 的补充。" "This completes packet {subject}."
        DeviceSequence "device-sequence" "本机第 {detail} 个证据包；有没有缺号，要把几个证据包放在一起核验才看得出。" "The device's packet number {detail}; whether one is missing shows when several packets are checked together."
        PacketsMissing "packets-missing" "平板 {subject} 的证据包中缺第 {detail} 个：不在这一次核验的证据包里。" "Of the tablet {subject} the packets {detail} are not among those checked here."
        CapturesMissing "captures-missing" "平板 {subject} 的拍摄序号缺 {detail}：不在这一次核验的任何证据包里。" "Of the tablet {subject} the captures {detail} are in none of the packets checked here."
        PartyReported "party-reported" "当事人：{detail}。" "The party: {detail}."
        PartyDrawing "party-drawing" "第 {name} 件是当事人在屏幕上写画的笔迹，不是数字签名。" "Item {name} is a drawing made on the screen by the person named as party; it is not a digital signature."
        SignatureUnknown "signature-unknown" "封签上还有一行签名，不是记录里的平板和执法人员的（{subject}）。" "The seal has one more line, by none of those whom the record names ({subject})."
        CustodyEventUnknown "custody-event-unknown" "保管链 {subject} 第 {detail} 行是本程序不认识的事件。" "Line {detail} of the custody log {subject} is an event that this program does not know."
        CmsNotChecked "cms-not-checked" "本程序不核验 CMS 签名；可用 openssl 核验。" "This program does not check the CMS signature; openssl can."
        AttestationRootUnknown "attestation-root-unknown" "附有厂商对平板钥匙的证明 {subject}，但没有能据以相信它的厂商根证书（{detail}）。" "A maker's certificates of the tablet's key come along, {subject}; no root by which to believe them is in hand ({detail})."
        LogRotated "log-rotated" "日志换过钥匙：新钥匙由旧钥匙和登记机构共同签认（{subject}）。" "The log's key was rotated: the new one is signed for by the old one and by the authority ({subject})."
        LogContinued "log-continued" "这份日志接续已经关闭的日志 {subject}（{detail}）。" "This log continues the log {subject}, which is closed ({detail})."
        Sm3NotChecked "sm3-not-checked" "本程序还不核验 SM3 清单；SHA-256 已核对。" "This program does not check the SM3 manifest yet; SHA-256 is checked."
        ManifestNotChecked "manifest-not-checked" "本程序不核验 {subject}；SHA-256 已核对。" "This program does not check {subject}; SHA-256 is checked."
        CustodyAfterChained "custody-after-chained" "服务器的保管链接在封签之后，共 {detail} 行；是服务器的说法，末尾没有签名。" "The server's custody log is chained onto the seal, {detail} lines; it is the server's word, and its end is not signed."
        TimestampNotCounted "timestamp-not-counted" "另有时间戳 {subject} 没有计入（{detail}）；界限不靠它。" "A further timestamp token, {subject}, was not counted ({detail}); the bound stands without it."
        TimestampRenewed "timestamp-renewed" "时间戳 {subject} 证明它所续的时间戳在 {detail} 之前就在，那时证书还有效。" "The timestamp token {subject} says that the one it renews was there before {detail}, while its certificate was good."
        TimestampRenewedLate "timestamp-renewed-late" "时间戳 {subject} 续得太晚（{detail}）：它所续的时间戳的证书那时已到期，续与不续一样。" "The timestamp token {subject} came too late ({detail}): the certificate of the one that it renews had ended by then, so it adds nothing."
        ChallengeMatches "challenge-matches" "第 {name} 张的现场码与封签所指的时间戳相符（{detail}）；照片里有没有拍到它，要由人来看。" "The challenge word of photo {name} is the one of a token that the seal names ({detail}); whether the photo shows it, a person has to see."
        ChallengeUnproved "challenge-unproved" "{subject} 的现场码（{detail}）所指的时间戳不在包里，或没有计入；它什么也证明不了。" "The token of the challenge word of {subject} ({detail}) is not in the packet, or does not count, so the word proves nothing."
        HeartbeatNotCounted "heartbeat-not-counted" "心跳一项没有计入：{subject}（{detail}）；别的结论不靠它。" "A part of a heartbeat was not counted: {subject} ({detail}); nothing else rests on it."
        HeartbeatNamesNone "heartbeat-names-none" "心跳 {subject} 没有点到这个包里的照片；它说的是平板当时的进度：{detail}。" "The heartbeat {subject} names no photo of this packet; it says how far the tablet had got: {detail}."
        ClockOutsideInterval "clock-outside-interval" "平板的封闭时刻 {detail} 不在证明的时间区间里：平板的钟不准，或被调过。区间不受影响。" "The tablet's time of closing, {detail}, lies outside the proved interval: its clock was wrong, or was set. The interval stands."
        ClockRestart "clock-restart" "保管链 {subject} 第 {detail} 行之前，平板重新启动过。" "The tablet was started anew before line {detail} of the custody log {subject}."
        ClockJump "clock-jump" "保管链 {subject} 第 {detail} 行之前，平板的钟被调过或校正过。" "The tablet's clock was set or corrected before line {detail} of the custody log {subject}."
        ClockOffset "clock-offset" "按保管链 {subject} 第 {detail} 行，平板的钟与服务器的相差超过一分钟。" "By line {detail} of the custody log {subject} the tablet's clock was more than a minute from the server's."
        ExportPartAbsent "export-part-absent" "导出件里没有 {subject}。" "The export has no {subject}."
        ReceiptAbsent "receipt-absent" "没有附上服务器回执。" "There is no receipt of the server with it."
    }
}

/// One thing found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Stable code.
    pub code: Code,
    /// What it is about: a path or a key name; empty for the packet as a whole.
    pub subject: String,
    /// What the sentence adds.
    pub detail: String,
    /// Something else in the same report failed, so that the sentence must not say that nothing contradicts.
    contradicted: bool,
}

impl Finding {
    /// A finding about the packet as a whole.
    pub fn new(code: Code) -> Self {
        Self {
            code,
            subject: String::new(),
            detail: String::new(),
            contradicted: false,
        }
    }

    /// Says what it is about.
    pub fn about(mut self, subject: impl Into<String>) -> Self {
        self.subject = subject.into();
        self
    }

    /// Adds a detail.
    pub fn with(mut self, detail: impl ToString) -> Self {
        self.detail = detail.to_string();
        self
    }

    /// The detail in this language, where it is one of our own words.
    fn detail_in(&self, language: Language) -> &str {
        match (self.code, language, self.detail.as_str()) {
            (Code::PartyReported, Language::Zh, "present") => "在场",
            (Code::PartyReported, Language::Zh, "absent") => "不在场",
            (Code::PartyReported, Language::Zh, "refused") => "拒绝签名",
            (Code::PartyReported, Language::Zh, "unknown") => "身份不明",
            (Code::PartyReported, Language::En, "refused") => "refused to sign",
            (Code::NoFix, Language::Zh, "denied") => "未获准定位",
            (Code::NoFix, Language::Zh, "unavailable") => "收不到定位",
            (Code::NoFix, Language::Zh, "timeout") => "定位超时",
            (Code::NoFix, Language::Zh, "not-asked") => "没有请求定位",
            (Code::NoFix, Language::En, "not-asked") => "none was asked for",
            (_, _, other) => other,
        }
    }

    /// The sentence in this language.
    pub fn text(&self, language: Language) -> String {
        let file = self.subject.rsplit('/').next().unwrap_or_default();
        let name = file.split('.').next().unwrap_or_default();
        let fill = |template: &str| {
            let mut out =
                String::with_capacity(template.len() + self.subject.len() + self.detail.len());
            let mut rest = template;
            // One pass, so that a brace inside a value is never filled in.
            while let Some((before, after)) = rest.split_once('{') {
                out.push_str(before);
                let (key, tail) = after.split_once('}').unwrap_or((after, ""));
                out.push_str(match key {
                    "subject" => &self.subject,
                    "name" => name,
                    "detail" => self.detail_in(language),
                    _ => "",
                });
                rest = tail;
            }
            out.push_str(rest);
            out
        };
        let template = self.code.template(language);
        if !self.contradicted {
            return fill(template);
        }
        let calm = match language {
            Language::Zh => "没有发现矛盾。",
            Language::En => " Nothing contradicts.",
        };
        fill(template.strip_suffix(calm).unwrap_or(template))
    }
}

/// What a verifier says of one packet or export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The packet's id, where one could be read.
    pub id: Option<String>,
    /// Worst level among the findings.
    pub verdict: Verdict,
    /// Lower bound of the seal, by an independent timestamp.
    pub sealed_after: Option<Timestamp>,
    /// Upper bound of the seal, by an independent timestamp.
    pub logged_before: Option<Timestamp>,
    /// Worst first; among equals in the order found.
    pub findings: Vec<Finding>,
    /// What is proved, or can be seen, of single captures.
    pub captures: Vec<CaptureFacts>,
    /// How far heartbeats in hand say that devices had got.
    pub progress: Vec<Progress>,
}

/// What is known of one capture beside the packet's own interval: the same as the findings say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaptureFacts {
    /// The item.
    pub path: String,
    /// By when it was there, by a logged heartbeat and an independent timestamp.
    pub captured_before: Option<Timestamp>,
    /// The challenge word, and the time before which nobody could know it. Whether the picture shows it, a person has to see.
    pub challenge: Option<(String, Timestamp)>,
}

/// How far a device had got, by a heartbeat that it signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// Device key's name.
    pub device: String,
    /// Number of its newest packet; 0 before the first.
    pub device_seq: u64,
    /// Number of its newest capture; 0 before the first.
    pub capture_seq: u64,
}

impl Report {
    /// Sorts the findings and takes the verdict from them.
    pub fn new(id: Option<String>, mut findings: Vec<Finding>) -> Self {
        let rank = |finding: &Finding| match finding.code.level() {
            Level::Failed => 0,
            Level::NotProved => 1,
            Level::Ok => 2,
            Level::Info => 3,
        };
        findings.sort_by_key(rank);
        let verdict = Verdict::of(&findings);
        for finding in &mut findings {
            finding.contradicted = verdict == Verdict::Failed;
        }
        Self {
            id,
            verdict,
            sealed_after: None,
            logged_before: None,
            findings,
            captures: Vec::new(),
            progress: Vec::new(),
        }
    }

    /// The same with more findings, and the verdict that follows from all of them.
    pub fn adding(self, more: impl IntoIterator<Item = Finding>) -> Self {
        let findings = self.findings.into_iter().chain(more).collect();
        let Self {
            verdict, findings, ..
        } = Self::new(None, findings);
        Self {
            verdict,
            findings,
            id: self.id,
            sealed_after: self.sealed_after,
            logged_before: self.logged_before,
            captures: self.captures,
            progress: self.progress,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_sentences_complete() {
        let mut words: Vec<_> = Code::ALL.iter().map(|code| code.word()).collect();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), Code::ALL.len());
        for code in Code::ALL {
            for language in [Language::Zh, Language::En] {
                let text = Finding::new(*code)
                    .about("data/items/0003.jpg")
                    .with("7")
                    .text(language);
                assert!(
                    !text.contains(['{', '}']) && text.ends_with(['.', '。', '7']),
                    "{text}"
                );
            }
        }
    }

    #[test]
    fn not_proved_and_failed_are_told_apart() {
        let of = |codes: &[Code]| {
            Verdict::of(
                &codes
                    .iter()
                    .map(|code| Finding::new(*code))
                    .collect::<Vec<_>>(),
            )
        };
        assert_eq!(of(&[Code::SealOk, Code::SelfReported]), Verdict::Verified);
        assert_eq!(
            of(&[Code::SealOk, Code::LowerBoundNone]),
            Verdict::NotProved
        );
        assert_eq!(
            of(&[Code::LowerBoundNone, Code::FileMismatch]),
            Verdict::Failed
        );
    }

    #[test]
    fn values_are_filled_in_once() {
        let finding = Finding::new(Code::ItemMismatch)
            .about("data/items/{detail}.jpg")
            .with("x");
        assert_eq!(
            finding.text(Language::En),
            "Failed: photo {detail} differs from what was sealed."
        );
    }
}
