//! Certificates in PEM (RFC 7468), as trust files hold them.

use base64::{Engine as _, engine::general_purpose::STANDARD};

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// The certificates in a text, in their order; what stands between them is passed over. None when a block breaks off or isn't base64.
pub fn certificates_from_pem(text: &str) -> Option<Vec<Vec<u8>>> {
    let mut found = Vec::new();
    let mut block: Option<String> = None;
    for line in text
        .lines()
        .map(|line| line.trim_matches([' ', '\t', '\r']))
    {
        match (&mut block, line) {
            (None, BEGIN) => block = Some(String::new()),
            (None, _) => {}
            (Some(body), END) => {
                found.push(STANDARD.decode(body.as_bytes()).ok()?);
                block = None;
            }
            (Some(body), line) => body.push_str(line),
        }
    }
    block.is_none().then_some(found)
}

/// The certificate as PEM, 64 characters a line.
pub fn certificate_to_pem(der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    let mut text = format!("{BEGIN}\n");
    for (index, character) in body.chars().enumerate() {
        if index > 0 && index % 64 == 0 {
            text.push('\n');
        }
        text.push(character);
    }
    text + "\n" + END + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        let (one, two) = (vec![7; 100], vec![1, 2, 3]);
        let text = format!(
            "# roots\n{}subject=x\n{}",
            certificate_to_pem(&one),
            certificate_to_pem(&two)
        );
        assert_eq!(certificates_from_pem(&text).unwrap(), [one, two]);
        assert_eq!(certificates_from_pem("nothing").unwrap().len(), 0);
        assert!(certificates_from_pem(BEGIN).is_none());
        assert!(certificates_from_pem(&format!("{BEGIN}\n*\n{END}\n")).is_none());
    }
}
