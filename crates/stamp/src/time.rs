//! The two forms of time in DER, as nanoseconds since 1970-01-01T00:00:00Z.

use crate::StampError;
use crate::der::{Element, tag};

/// Nanoseconds in a second.
pub(crate) const SECOND: i128 = 1_000_000_000;

/// GeneralizedTime as DER has it: `YYYYMMDDHHMMSS[.f…]Z`, no zero at the fraction's end, at most nine digits of it.
pub(crate) fn generalized(text: &[u8]) -> Result<i128, StampError> {
    let error = StampError::Malformed("not a GeneralizedTime");
    let body = text.strip_suffix(b"Z").ok_or(error.clone())?;
    let (whole, fraction) = match body.iter().position(|byte| *byte == b'.') {
        Some(at) => (&body[..at], Some(&body[at + 1..])),
        None => (body, None),
    };
    if whole.len() != 14 {
        return Err(error);
    }
    let year = number(&whole[..4]).ok_or(error.clone())?;
    let seconds = seconds(year, &whole[4..]).ok_or(error.clone())?;
    let nanos = match fraction {
        None => 0,
        Some(digits) if digits.is_empty() || digits.len() > 9 || digits.ends_with(b"0") => {
            return Err(error);
        }
        Some(digits) => {
            let value = number(digits).ok_or(error)?;
            let scale = (digits.len()..9).fold(1, |scale, _| scale * 10);
            i128::from(value * scale)
        }
    };
    Ok(i128::from(seconds) * SECOND + nanos)
}

/// A certificate's bound: UTCTime (1950 to 2049) or GeneralizedTime, both to the second and in UTC.
pub(crate) fn bound(element: &Element<'_>) -> Result<i128, StampError> {
    let error = StampError::Malformed("not a time of a certificate");
    let text = element.content;
    match element.tag {
        tag::UTC_TIME if text.len() == 13 && text[12] == b'Z' => {
            let short = number(&text[..2]).ok_or(error.clone())?;
            let year = if short < 50 {
                2000 + short
            } else {
                1900 + short
            };
            let seconds = seconds(year, &text[2..12]).ok_or(error)?;
            Ok(i128::from(seconds) * SECOND)
        }
        tag::GENERALIZED_TIME if text.len() == 15 => generalized(text),
        _ => Err(error),
    }
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0i64, |sum, digit| {
        digit
            .is_ascii_digit()
            .then(|| sum * 10 + i64::from(digit - b'0'))
    })
}

/// Seconds since 1970 of a year and `MMDDHHMMSS`. A leap second, :60, is refused.
fn seconds(year: i64, rest: &[u8]) -> Option<i64> {
    let part = |at: usize| number(rest.get(at..at + 2)?);
    let (month, day) = (part(0)?, part(2)?);
    let (hour, minute, second) = (part(4)?, part(6)?, part(8)?);
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    if !(1..=days).contains(&day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    Some(days_since_1970(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second)
}

/// The year, and `MMDDHHMMSS`, of seconds since 1970: the other way round.
pub(crate) fn civil(seconds: i64) -> (i64, String) {
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let rest = format!(
        "{month:02}{day:02}{:02}{:02}{:02}",
        second / 3600,
        second / 60 % 60,
        second % 60
    );
    (year, rest)
}

/// Howard Hinnant's `days_from_civil`: the year is taken to begin in March, so that the leap day is its last.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_come_back_as_they_went() {
        for text in [
            "19700101000000",
            "20240229235959",
            "20000301000000",
            "20261123014736",
            "21000228120000",
            "19491231235959",
        ] {
            let seconds = generalized(format!("{text}Z").as_bytes()).unwrap() / SECOND;
            let (year, rest) = civil(i64::try_from(seconds).unwrap());
            assert_eq!(format!("{year:04}{rest}"), text);
        }
    }

    #[test]
    fn times_are_read_exactly() {
        let at = |text: &str| generalized(text.as_bytes());
        assert_eq!(at("19700101000000Z").unwrap(), 0);
        assert_eq!(at("20261123014736Z").unwrap(), 1_795_398_456 * SECOND);
        assert_eq!(
            at("20240229000000.5Z").unwrap(),
            1_709_164_800 * SECOND + 500_000_000
        );
        assert_eq!(at("19691231235959.999999999Z").unwrap(), -1);
        for bad in [
            "20261123014736",
            "20261123014736.Z",
            "20261123014736.10Z",
            "20261123014736.1234567891Z",
            "20260229000000Z",
            "20261301000000Z",
            "20261123240000Z",
            "20261123235960Z",
            "2026112301473Z",
            "20261123014736+0800",
            "20261100000000Z",
            "2026112301473xZ",
            "",
        ] {
            assert!(at(bad).is_err(), "{bad}");
        }
        let element = |tag, text: &'static str| Element {
            tag,
            content: text.as_bytes(),
            whole: &[],
        };
        assert_eq!(
            bound(&element(tag::UTC_TIME, "491231235959Z")).unwrap(),
            2_524_607_999 * SECOND
        );
        assert_eq!(
            bound(&element(tag::UTC_TIME, "500101000000Z")).unwrap(),
            -631_152_000 * SECOND
        );
        assert!(bound(&element(tag::UTC_TIME, "5001010000Z")).is_err());
        assert!(bound(&element(tag::GENERALIZED_TIME, "20260101000000.5Z")).is_err());
    }
}
