//! What server and tablet say to each other beside what is signed.

use fieldseal_server::registers;
use fieldseal_server::upload::metadata;
use fieldseal_tlog::witness::AddCheckpoint;
use fieldseal_wire::registers::{Point, Register, Ticket};
use fieldseal_wire::{Problem, console, device};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The values of tus headers.
pub fn tus(data: &[u8]) -> bool {
    let Ok(header) = std::str::from_utf8(data) else {
        return false;
    };
    let checksum = metadata::checksum(header).is_some();
    let Some(claim) = metadata::claim(header) else {
        return checksum;
    };
    assert!(claim.packet.parse::<fieldseal_packet::PacketId>().is_ok());
    true
}

/// An administrator's CSV file: each row that is taken is a line that tablets can read.
pub fn register(data: &[u8]) -> bool {
    let Ok(text) = registers::decode(data) else {
        return false;
    };
    let mut taken = false;
    for register in Register::ALL {
        let Ok((rows, _)) = registers::read(register, &text) else {
            continue;
        };
        for row in rows {
            let reads = match register {
                Register::Points => serde_json::from_str::<Point>(&row.json).is_ok(),
                Register::Tickets => serde_json::from_str::<Ticket>(&row.json).is_ok(),
            };
            assert!(reads && !row.json.contains('\n'));
            taken = true;
        }
    }
    taken
}

/// What a log asks a witness to cosign.
pub fn witness(data: &[u8]) -> bool {
    let Ok(asked) = AddCheckpoint::parse(data) else {
        return false;
    };
    assert_eq!(asked.to_bytes(), data);
    true
}

/// The bodies of requests and answers: what is read is read again from what is written.
pub fn wire(data: &[u8]) -> bool {
    let requests = [
        again::<device::EnrolLookup>(data),
        again::<device::EnrolRequest>(data),
        again::<device::ChallengeRequest>(data),
        again::<device::TokenRequest>(data),
        again::<device::StatusRequest>(data),
        again::<device::HeartbeatRequest>(data),
        again::<console::SignIn>(data),
        again::<console::DecisionRequest>(data),
    ];
    let answers = [
        again::<device::EnrolSubject>(data),
        again::<device::Enrolled>(data),
        again::<device::Challenge>(data),
        again::<device::Token>(data),
        again::<device::StatusResponse>(data),
        again::<device::SeenCheckpoint>(data),
        again::<device::HeartbeatAnswer>(data),
        again::<device::Retirement>(data),
        again::<Problem>(data),
    ];
    requests.contains(&true) || answers.contains(&true)
}

fn again<T: Serialize + DeserializeOwned>(data: &[u8]) -> bool {
    let Ok(read) = serde_json::from_slice::<T>(data) else {
        return false;
    };
    let written = serde_json::to_vec(&read).expect("what was read can be written");
    assert!(serde_json::from_slice::<T>(&written).is_ok());
    true
}
