//! A database that was damaged and made anew: what came back, until an officer has read it. Photos and sealed packets come
//! back from files of their own; what was described in open drafts does not, and only a person can say it again.

use fieldseal_vault::drafts;

use crate::api::RebuiltView;
use crate::core::{Core, lock};
use crate::problem::Problem;

impl Core {
    /// None once it was read.
    pub fn rebuilt(&self) -> Result<Option<RebuiltView>, Problem> {
        let Some(at) = lock(&self.prefs).rebuilt_at else {
            return Ok(None);
        };
        self.read(|c| {
            let (open, packets) = drafts::came_back(c, at)?;
            let drafts = open.iter().map(|draft| self.draft_summary(c, draft));
            Ok(Some(RebuiltView {
                at: at.to_string(),
                packets: u32::try_from(packets).unwrap_or(u32::MAX),
                drafts: drafts.collect::<Result<_, _>>()?,
            }))
        })
    }

    /// Only while unlocked: whoever finds a locked tablet has not read it.
    pub fn rebuilt_read(&self) -> Result<(), Problem> {
        self.open_vault()?;
        self.change_prefs(|prefs| prefs.rebuilt_at = None)
    }
}
