//! Points and tickets on this tablet: fetched while the server is in reach and the vault is open ([`fetch`]), looked up for the
//! screens here, and linked to drafts ([`place`]). The offline map lies beside the vault ([`map`]).
//!
//! Locked, nothing of the registers is shown. Positions are only compared here; none of this is evidence.

mod fetch;
mod map;
mod place;

use fieldseal_vault::registers as store;
use fieldseal_vault::{StoreError, captures, drafts};
use fieldseal_wire::registers::{Point, Register, Ticket};
use rusqlite::Connection;

use crate::api::{
    ClusterView, FixView, FoundView, MapPartView, NearView, PinView, PointView, RegistersView,
    TicketView,
};
use crate::core::{Core, lock};
use crate::problem::{Code, Problem};

pub(crate) use fetch::run;
pub(crate) use map::{MapState, read_tiles};

/// Points that are offered.
const OFFERED: usize = 3;
/// Points of a list.
const LISTED: usize = 60;
/// Points that a search looks at before it puts them in order.
const LOOKED_AT: u32 = 2_000;
/// Tickets of a point.
const TICKETS: u32 = 5;
/// Tickets of a list.
const MANY_TICKETS: u32 = 200;
/// Pins of a view of the map.
const PINS: u32 = 600;
/// Longest text that is looked for, characters.
const MAX_TEXT: usize = 100;
/// A position older than this is not where the tablet is.
const STALE_MS: u64 = 10 * 60 * 1000;
/// Newest packets whose points are offered without a position.
const VISITS: usize = 60;

/// Where photos were taken: latitude and longitude, and the error in metres.
pub(crate) type Taken = ((f64, f64), f64);

/// Where the tablet is, if it has known for a moment: latitude, longitude, and how good that is.
pub(crate) struct Here {
    pub place: (f64, f64),
    pub fix: FixView,
}

/// A place of decimal strings.
pub(crate) fn place_of(lat: &str, lon: &str) -> Option<(f64, f64)> {
    let (lat, lon): (f64, f64) = (lat.parse().ok()?, lon.parse().ok()?);
    (lat.abs() <= 90.0 && lon.abs() <= 180.0).then_some((lat, lon))
}

impl Core {
    /// Reads the registers; locked, there is nothing to read.
    pub fn registers_read<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        self.open_vault()?.registers_read(read)
    }

    pub(crate) fn here(&self) -> Option<Here> {
        let live = lock(&self.live);
        let position = live.position.as_ref()?;
        let age_ms = position
            .fix
            .age_ms
            .saturating_add(self.platform.boot().ms.saturating_sub(position.at_boot_ms));
        Some(Here {
            place: place_of(&position.fix.latitude, &position.fix.longitude)
                .filter(|_| age_ms <= STALE_MS)?,
            fix: FixView {
                accuracy_m: position.fix.accuracy_m,
                age_s: age_ms as f64 / 1000.0,
            },
        })
    }

    pub fn registers(&self, today: &str) -> Result<RegistersView, Problem> {
        day(today)?;
        let (map, map_progress) = self.map_view();
        self.registers_read(|c| {
            let head = |register: Register| store::head(c, register.as_str());
            let (points, tickets) = (head(Register::Points)?, head(Register::Tickets)?);
            let rows = |head: &Option<store::Head>| {
                head.as_ref()
                    .map_or(0, |head| u32::try_from(head.rows).unwrap_or(u32::MAX))
            };
            // The server's version 0 is that nothing was ever imported.
            let at = |head: Option<store::Head>| {
                head.filter(|head| head.version > 0)
                    .map(|head| head.fetched_at.to_string())
            };
            Ok(RegistersView {
                points: rows(&points),
                tickets: rows(&tickets),
                tickets_due: store::tickets_due(c, today)?,
                points_at: at(points),
                tickets_at: at(tickets),
                map,
                map_progress,
            })
        })
    }

    pub fn near(&self, today: &str) -> Result<NearView, Problem> {
        let registers = self.registers(today)?;
        let here = self.here();
        let points = match &here {
            Some(here) => {
                self.registers_read(|c| views(c, store::nearest(c, here.place, None, OFFERED)?))?
            }
            None => self.last_visited()?,
        };
        Ok(NearView {
            by: if here.is_some() {
                "distance"
            } else {
                "last-visit"
            }
            .to_owned(),
            points,
            fix: here.map(|here| here.fix),
            registers,
        })
    }

    /// Points of the newest drafts and packets.
    fn last_visited(&self) -> Result<Vec<PointView>, Problem> {
        let numbers = self.read(|c| {
            let mut numbers: Vec<String> = Vec::new();
            for number in drafts::newest_fact(c, "point", VISITS)? {
                if numbers.len() < OFFERED && !numbers.contains(&number) {
                    numbers.push(number);
                }
            }
            Ok(numbers)
        })?;
        self.registers_read(|c| {
            let mut points = Vec::new();
            for number in numbers {
                points.extend(known_point(c, &number, None)?);
            }
            Ok(points)
        })
    }

    pub fn search_points(&self, text: &str) -> Result<FoundView, Problem> {
        if text.chars().count() > MAX_TEXT {
            return Err(Problem::from(Code::TextTooLong).with("max", MAX_TEXT));
        }
        let here = self.here().map(|here| here.place);
        self.registers_read(|c| {
            let (found, more) = store::search(c, text, here, (LISTED, LOOKED_AT))?;
            Ok(FoundView {
                points: views(c, found)?,
                tickets: tickets(store::search_tickets(c, text, MANY_TICKETS)?),
                more,
            })
        })
    }

    /// The nearest points, or those with tickets due on this day or before.
    pub fn points(&self, due: Option<&str>) -> Result<FoundView, Problem> {
        let here = self.here().map(|here| here.place);
        let Some(due) = due else {
            return self.registers_read(|c| {
                let found = match here {
                    Some(here) => store::nearest(c, here, None, LISTED)?,
                    None => Vec::new(),
                };
                Ok(FoundView {
                    more: found.len() == LISTED,
                    points: views(c, found)?,
                    tickets: Vec::new(),
                })
            });
        };
        day(due)?;
        self.registers_read(|c| {
            let tickets = tickets(store::tickets(c, Some(due), MANY_TICKETS)?);
            let mut points: Vec<PointView> = Vec::new();
            for number in tickets.iter().filter_map(|ticket| ticket.point.as_ref()) {
                if points.len() < LISTED && points.iter().all(|point| point.number != *number) {
                    points.extend(known_point(c, number, here)?);
                }
            }
            let away = |point: &PointView| point.distance_m.unwrap_or(f64::MAX);
            points.sort_by(|a, b| away(a).total_cmp(&away(b)));
            Ok(FoundView {
                more: tickets.len() == MANY_TICKETS as usize,
                points,
                tickets: tickets
                    .into_iter()
                    .filter(|ticket| ticket.point.is_none())
                    .collect(),
            })
        })
    }

    pub fn point(&self, number: &str) -> Result<PointView, Problem> {
        let here = self.here().map(|here| here.place);
        self.registers_read(|c| known_point(c, number, here)?.ok_or_else(|| Code::NotFound.into()))
    }

    pub fn map_part(
        &self,
        [south, west, north, east]: [f64; 4],
        today: &str,
    ) -> Result<MapPartView, Problem> {
        day(today)?;
        let finite = [south, west, north, east].iter().all(|one| one.is_finite());
        if !finite || south > north || west > east {
            return Err(Code::BadRequest.into());
        }
        let bounds = store::Bounds {
            south,
            west,
            north,
            east,
        };
        let view = self.registers_read(|c| Ok(store::view(c, &bounds, today, PINS)?))?;
        let (mut pins, mut clusters) = (Vec::new(), Vec::new());
        match view {
            store::View::Pins(found) => {
                pins.extend(found.into_iter().map(|pin| {
                    PinView {
                        number: pin.number,
                        lat: pin.lat,
                        lon: pin.lon,
                        state: match pin.state {
                            store::PinState::Today => "today",
                            store::PinState::Open => "open",
                            store::PinState::Done => "done",
                        }
                        .to_owned(),
                    }
                }));
            }
            store::View::Clusters(found) => {
                clusters.extend(found.into_iter().map(|cluster| ClusterView {
                    lat: cluster.lat,
                    lon: cluster.lon,
                    count: cluster.count,
                }));
            }
        }
        Ok(MapPartView {
            pins,
            clusters,
            here: self.here().map(|here| here.place),
        })
    }

    /// The best position among a draft's photos that count: of the smallest error.
    pub(crate) fn draft_fix(
        &self,
        id: fieldseal_packet::PacketId,
    ) -> Result<Option<Taken>, Problem> {
        let items = self.read(|c| Ok(captures::of_draft(c, id)?))?;
        let fixes = items
            .iter()
            .filter(|item| item.voided.is_none())
            .filter_map(|item| item.context.fix.as_ref());
        let best = fixes.min_by(|a, b| a.accuracy_m.total_cmp(&b.accuracy_m));
        Ok(best.and_then(|fix| Some((place_of(&fix.latitude, &fix.longitude)?, fix.accuracy_m))))
    }
}

/// A day as the screens write it.
fn day(text: &str) -> Result<(), Problem> {
    if text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok() {
        Ok(())
    } else {
        Err(Code::BadRequest.into())
    }
}

/// A row of the register as it was given. What does not read was checked when it came, so the database is damaged.
fn read_point(line: &str) -> Result<Point, StoreError> {
    serde_json::from_str(line).map_err(|_| StoreError::Unreadable("point"))
}

fn views(c: &Connection, found: Vec<store::Found>) -> Result<Vec<PointView>, Problem> {
    found
        .into_iter()
        .map(|found| point_view(c, read_point(&found.line)?, found.distance_m))
        .collect()
}

/// The point of a number, and how far it is from here.
fn known_point(
    c: &Connection,
    number: &str,
    here: Option<(f64, f64)>,
) -> Result<Option<PointView>, Problem> {
    let Some(line) = store::point(c, number)? else {
        return Ok(None);
    };
    let point = read_point(&line)?;
    let distance_m = here
        .zip(place_of_point(&point))
        .map(|(here, place)| store::distance_m(here, place));
    point_view(c, point, distance_m).map(Some)
}

fn place_of_point(point: &Point) -> Option<(f64, f64)> {
    place_of(point.lat.as_deref()?, point.lon.as_deref()?)
}

fn point_view(c: &Connection, point: Point, distance_m: Option<f64>) -> Result<PointView, Problem> {
    let place = place_of_point(&point);
    Ok(PointView {
        tickets: tickets(store::tickets_of(c, &point.number, TICKETS)?),
        number: point.number,
        name: point.name,
        kind: point.kind,
        address: point.address,
        compound: point.compound,
        team: point.team,
        lat: place.map(|place| place.0),
        lon: place.map(|place| place.1),
        done: point.done,
        distance_m,
    })
}

fn tickets(lines: Vec<String>) -> Vec<TicketView> {
    lines.iter().filter_map(|line| ticket_view(line)).collect()
}

fn ticket_view(line: &str) -> Option<TicketView> {
    let ticket: Ticket = serde_json::from_str(line).ok()?;
    Some(TicketView {
        number: ticket.number,
        kind: ticket.kind,
        what: ticket.what,
        point: ticket.point,
        address: ticket.address,
        received: ticket.received,
        due: ticket.due,
    })
}
