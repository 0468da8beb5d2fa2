//! A place where cases run one after another: a server, a proxy before it, and a tablet that knows only the proxy. Each
//! case gets a copy of all of it as it was at the beginning.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, bail};
use fieldseal_server::admin::{Admin, NewDevice, NewPerson};

use super::proxy::Proxy;
use super::tls::Certificates;
use crate::ctx::Ctx;
use crate::serving::Serving;
use crate::site::{Officer, Site, free_address};
use crate::tablet::Tablet;

const CODE_LIFETIME: Duration = Duration::from_secs(600);
/// For answers that come in the end.
pub const PATIENT_MS: u64 = 20_000;

/// Who is enrolled: name, badge, PIN; all invented.
pub const PEOPLE: [(&str, &str, &str); 2] =
    [("甲", "F-0001", "246810"), ("乙", "F-0002", "135791")];

/// A prepared place.
pub struct Stand {
    bare: Site,
    enrolled: Site,
    proxy_at: SocketAddr,
    certificates: Option<Certificates>,
}

/// One case's copy, running.
pub struct Running {
    pub site: Site,
    pub serving: Serving,
    pub proxy: Proxy,
    url: String,
}

impl Stand {
    /// With certificates the tablet is enrolled over TLS.
    pub fn prepare(ctx: &Ctx, certificates: Option<Certificates>) -> anyhow::Result<Self> {
        let bare = Site::bare(&ctx.folder("net-bare"))?;
        bare.save()?;
        let mut stand = Self {
            enrolled: bare.clone(),
            bare,
            proxy_at: free_address()?,
            certificates,
        };
        let mut running = stand.start(ctx, false, PATIENT_MS)?;
        let tablet = Tablet::open(&running.site)?;
        tablet.enrol_device(&running.device_text()?)?;
        for person in PEOPLE {
            let (id, code) = running.officer(person)?;
            tablet.enrol_officer(&code, person.2)?;
            running.site.officers.push(Officer {
                id,
                pin: person.2.to_owned(),
            });
        }
        tablet.on_duty(&running.site.officers)?;
        drop(tablet);
        running.site.save()?;
        stand.enrolled = running.stop()?;
        Ok(stand)
    }

    /// A copy, with its server and its proxy: with the enrolled tablet, or with none.
    pub fn start(&self, ctx: &Ctx, enrolled: bool, patience_ms: u64) -> anyhow::Result<Running> {
        let from = if enrolled { &self.enrolled } else { &self.bare };
        let mut site = from.copy(&ctx.folder("net"))?;
        site.patience_ms = Some(patience_ms);
        let serving = Serving::start(&site)?;
        let proxy = Proxy::start(self.proxy_at, site.address, self.certificates.clone())?;
        let scheme = if self.certificates.is_some() {
            "https"
        } else {
            "http"
        };
        let url = format!("{scheme}://localhost:{}", self.proxy_at.port());
        Ok(Running {
            site,
            serving,
            proxy,
            url,
        })
    }
}

impl Running {
    fn admin(&self) -> anyhow::Result<Admin> {
        Admin::open(&self.site.server_config()).context("the server's register")
    }

    /// The text of a new tablet's enrolment code.
    pub fn device_text(&self) -> anyhow::Result<String> {
        let admin = self.admin()?;
        let code = admin.device_code(&NewDevice::default(), CODE_LIFETIME)?;
        Ok(admin.enrol_text(&self.url, &code))
    }

    /// A new officer's id and code.
    pub fn officer(
        &self,
        (name, badge, _): (&str, &str, &str),
    ) -> anyhow::Result<(String, String)> {
        let admin = self.admin()?;
        let id = admin.add_person(&NewPerson {
            name: name.to_owned(),
            badge: badge.to_owned(),
            team: None,
        })?;
        let code = self.officer_code(&id)?;
        Ok((id, code))
    }

    /// Another code for an officer.
    pub fn officer_code(&self, id: &str) -> anyhow::Result<String> {
        Ok(self.admin()?.officer_code(id, CODE_LIFETIME)?.code)
    }

    /// Stops server and proxy; the site is left to be looked at.
    pub fn stop(self) -> anyhow::Result<Site> {
        if self.proxy.trapped() > 0 {
            bail!("the tablet followed a redirection");
        }
        self.proxy.stop();
        self.serving.stop()?;
        Ok(self.site)
    }
}
