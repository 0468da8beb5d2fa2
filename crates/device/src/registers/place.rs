//! A draft and its point: what is offered, what choosing one fills in, and the question when the photos were taken elsewhere.
//!
//! Nothing here decides: what is offered can be passed over, what is filled in can be changed, and the question can be left
//! open. What the officer answers to it stands in the note, in plain words, so that a reviewer reads it with the rest.

use fieldseal_packet::PacketId;
use fieldseal_packet::form::{FieldType, Form};
use fieldseal_vault::registers as store;
use fieldseal_vault::{drafts, settings};
use fieldseal_wire::registers::{Point, Register};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{OFFERED, Taken, known_point, read_point, ticket_view, views};
use crate::api::{DraftPlaceView, DraftView, FarView};
use crate::core::Core;
use crate::forms::check_fact;
use crate::problem::{Code, Problem};
use crate::session::packet_id;

/// Alone within this, a point is taken for the one that is meant.
const ALONE_M: f64 = 50.0;
/// Farther than this, beyond the position's own error, is asked about.
const FAR_M: f64 = 200.0;
/// What an officer may say of it.
const ANSWERS: [&str; 3] = ["across", "moved", "register-wrong"];

/// What the officer has said of a draft's point; beside the facts, since it is no fact.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct Said {
    /// A choice was made, or what was suggested was refused.
    chosen: bool,
    /// Answer to the question, and of which point it was asked.
    far: Option<(String, String)>,
}

fn key(id: PacketId) -> String {
    format!("place/{id}")
}

impl Core {
    fn said(&self, id: PacketId) -> Result<Said, Problem> {
        let stored = self.read(|c| Ok(settings::get(c, &key(id))?))?;
        Ok(stored
            .and_then(|value| serde_json::from_value(value).ok())
            .unwrap_or_default())
    }

    fn say(&self, id: PacketId, said: &Said) -> Result<(), Problem> {
        let value =
            serde_json::to_value(said).map_err(|error| Problem::because(Code::Internal, error))?;
        self.write(|tx| Ok(settings::set(tx, &key(id), &value)?))
    }

    /// Kind and facts of a draft that is not sealed.
    fn facts(&self, id: PacketId) -> Result<(String, Map<String, Value>), Problem> {
        let draft = self.read(|c| Ok(drafts::get(c, id)?))?;
        let draft = draft
            .filter(|draft| draft.stage != drafts::Stage::Sealed)
            .ok_or(Code::NotFound)?;
        Ok((draft.kind, draft.facts))
    }

    pub fn draft_place(&self, id: &str) -> Result<DraftPlaceView, Problem> {
        let id = packet_id(id)?;
        let (kind, facts) = self.facts(id)?;
        let said = self.said(id)?;
        let taken = self.draft_fix(id)?;
        let from = taken
            .map(|(place, _)| place)
            .or_else(|| self.here().map(|here| here.place));
        let text = |field: &str| facts.get(field).and_then(Value::as_str);
        self.registers_read(|c| {
            let near = match from {
                Some(from) => store::nearest(c, from, Some(&kind), OFFERED)?,
                None => Vec::new(),
            };
            let nearest = views(c, near)?;
            let point = match text("point") {
                Some(number) => known_point(c, number, from)?,
                None => None,
            };
            let ticket = match text("ticket") {
                Some(number) => store::ticket(c, number)?,
                None => None,
            };
            let within = |point: &&crate::api::PointView| {
                point.distance_m.is_some_and(|metres| metres <= ALONE_M)
            };
            let mut close = nearest.iter().filter(within);
            let alone = close.next().filter(|_| close.next().is_none());
            let open = text("point").is_none() && !said.chosen;
            let far = point.as_ref().zip(taken).and_then(|(point, taken)| {
                let place = point.lat.zip(point.lon)?;
                let answer = said.far.as_ref().filter(|(of, _)| *of == point.number);
                far(taken, place, answer.map(|(_, answer)| answer.clone()))
            });
            Ok(DraftPlaceView {
                suggested: alone.filter(|_| open).map(|point| point.number.clone()),
                ticket: ticket.and_then(|line| ticket_view(&line)),
                point,
                nearest,
                far,
                registered: store::head(c, Register::Points.as_str())?
                    .is_some_and(|head| head.rows > 0),
            })
        })
    }

    /// Links a draft, and fills in what the register knows and nobody has described otherwise.
    pub fn draft_point(
        &self,
        id: &str,
        point: Option<&str>,
        ticket: Option<&str>,
    ) -> Result<DraftView, Problem> {
        let packet = packet_id(id)?;
        let (kind, facts) = self.facts(packet)?;
        // The form that it was opened with: what the register fills in has to fit that one.
        let known = self.read(|c| match drafts::get(c, packet)? {
            Some(draft) => self.draft_form(c, &draft),
            None => self.form(&kind),
        })?;
        let form = &known.form;
        let text = |field: &str| facts.get(field).and_then(Value::as_str);
        let (old, new) = self.registers_read(|c| {
            let ticket_point = match ticket {
                Some(number) => {
                    let line = store::ticket(c, number)?.ok_or(Code::NotFound)?;
                    ticket_view(&line).and_then(|ticket| ticket.point)
                }
                None => None,
            };
            let look = |number: Option<&str>| match number {
                Some(number) => Ok::<_, Problem>(store::point(c, number)?),
                None => Ok(None),
            };
            let wanted = point.or(ticket_point.as_deref());
            let found = look(wanted)?;
            if point.is_some() && found.is_none() {
                return Err(Code::NotFound.into());
            }
            let read = |line: Option<String>| line.map(|line| read_point(&line)).transpose();
            Ok((read(look(text("point"))?)?, read(found)?))
        })?;
        let mut changes = Map::new();
        let as_value = |text: &str| Value::String(text.to_owned());
        changes.insert(
            "point".to_owned(),
            new.as_ref()
                .map_or(Value::Null, |point| as_value(&point.number)),
        );
        changes.insert("ticket".to_owned(), ticket.map_or(Value::Null, as_value));
        let before = old.map(|point| filled(form, &point)).unwrap_or_default();
        for (field, value) in before {
            // As the last point filled it in, and untouched since.
            if facts.get(&field) == Some(&value) {
                changes.insert(field, Value::Null);
            }
        }
        for (field, value) in new.map(|point| filled(form, &point)).unwrap_or_default() {
            let free =
                facts.get(&field).is_none_or(|now| *now == "") || changes.contains_key(&field);
            if free {
                changes.insert(field, value);
            }
        }
        let mut said = self.said(packet)?;
        if !said.chosen {
            said.chosen = true;
            self.say(packet, &said)?;
        }
        changes.retain(|field, value| !value.is_null() || facts.contains_key(field));
        if changes.is_empty() {
            return self.draft(packet);
        }
        self.describe(id, &changes)
    }

    /// Keeps what the officer says of photos taken far from their point.
    pub fn draft_far(&self, id: &str, answer: Option<&str>) -> Result<DraftPlaceView, Problem> {
        let packet = packet_id(id)?;
        if answer.is_some_and(|answer| !ANSWERS.contains(&answer)) {
            return Err(Code::BadRequest.into());
        }
        let (_, facts) = self.facts(packet)?;
        let point = facts.get("point").and_then(Value::as_str);
        let point = point.ok_or(Code::NotFound)?.to_owned();
        let mut said = self.said(packet)?;
        said.far = answer.map(|answer| (point, answer.to_owned()));
        self.say(packet, &said)?;
        self.draft_place(id)
    }
}

/// Whether photos of this position, with this error, were taken far from that place.
fn far((taken, accuracy_m): Taken, place: (f64, f64), answer: Option<String>) -> Option<FarView> {
    let distance_m = store::distance_m(taken, place);
    (distance_m > FAR_M + accuracy_m).then_some(FarView {
        distance_m,
        accuracy_m,
        answer,
    })
}

/// What a point fills in of a form: only what the form itself would take.
fn filled(form: &Form, point: &Point) -> Map<String, Value> {
    let mut facts = Map::new();
    let mut put = |field: &str, value: Option<Value>| {
        if let Some(value) = value
            && check_fact(form, field, &value).is_ok()
        {
            facts.insert(field.to_owned(), value);
        }
    };
    let text = |text: &Option<String>| text.clone().map(Value::String);
    put("address", text(&point.address));
    put("compound", text(&point.compound));
    for (field, value) in &point.facts {
        // The common facts have columns of their own.
        if let Some(known) = form.fields.iter().find(|known| known.id == *field) {
            put(field, typed(known.field_type, value));
        }
    }
    facts
}

/// A cell of the register as a field's value.
fn typed(field_type: FieldType, text: &str) -> Option<Value> {
    Some(match field_type {
        FieldType::Integer => Value::from(text.parse::<i64>().ok()?),
        FieldType::Decimal => {
            serde_json::Number::from_f64(text.parse().ok()?).map(Value::Number)?
        }
        FieldType::YesNo => match text {
            "yes" | "true" | "1" | "是" => Value::Bool(true),
            "no" | "false" | "0" | "否" => Value::Bool(false),
            _ => return None,
        },
        FieldType::Choices => text
            .split([' ', ';', '、'])
            .filter(|one| !one.is_empty())
            .map(Value::from)
            .collect(),
        _ => Value::from(text),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn far_is_beyond_two_hundred_metres_and_the_error() {
        let taken = |north: f64, accuracy: f64| ((31.0 + north / 111_195.0, 121.0), accuracy);
        let place = (31.0, 121.0);
        for (north, accuracy, asked) in [
            (0.0, 5.0, false),
            (199.0, 0.0, false),
            (210.0, 5.0, true),
            (210.0, 30.0, false),
            (3_000.0, 2_900.0, false),
        ] {
            assert_eq!(
                far(taken(north, accuracy), place, None).is_some(),
                asked,
                "{north} {accuracy}"
            );
        }
    }

    #[test]
    fn a_point_fills_in_what_the_form_would_take() {
        let forms = crate::forms::known();
        let form = &forms
            .iter()
            .find(|known| known.form.kind == "illegal-structure")
            .unwrap()
            .form;
        let point: Point = serde_json::from_value(json!({
            "number": "A-1", "address": "某路 1 号", "compound": "某小区",
            "facts": {"storeys": "2", "area-m2": "18.4", "stage": "gone", "unheard-of": "x", "stock": "stock"},
        }))
        .unwrap();
        let facts = Value::Object(filled(form, &point));
        assert_eq!(
            facts,
            json!({"address": "某路 1 号", "storeys": 2, "area-m2": 18.4, "stock": "stock"})
        );
    }
}
