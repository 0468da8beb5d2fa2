//! Several tablets and a server as a state machine: requests and answers are dropped, doubled, reordered and late, either side
//! restarts or forgets, clocks are wrong by ten years, keys are revoked, the server lies. At every moment nothing is called safe
//! without a receipt that verifies, each packet has one leaf, nobody asks again at once, and the line keeps its order; once the
//! faults stop, everything becomes safe.
//!
//! `PROPTEST_CASES` sets how many cases are run. A case that failed is written to `proptest-regressions/model.txt` and tried
//! first from then on.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod server;
mod tablet;
mod transition;
mod world;

use proptest::test_runner::{Config, FileFailurePersistence};
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};

use transition::{Reference, Transition};
use world::World;

struct Line;

impl StateMachineTest for Line {
    type SystemUnderTest = World;
    type Reference = Reference;

    fn init_test(_: &<Reference as ReferenceStateMachine>::State) -> World {
        World::new()
    }

    fn apply(
        mut world: World,
        _: &<Reference as ReferenceStateMachine>::State,
        transition: Transition,
    ) -> World {
        world.apply(transition);
        world
    }

    fn check_invariants(world: &World, _: &<Reference as ReferenceStateMachine>::State) {
        world.check();
    }

    fn teardown(world: World, _: <Reference as ReferenceStateMachine>::State) {
        world.rest();
    }
}

fn config() -> Config {
    // From the environment where it says so.
    let asked = Config::default();
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() {
        asked.cases
    } else {
        400
    };
    Config {
        cases,
        max_shrink_iters: 300,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(
            "proptest-regressions/model.txt",
        ))),
        ..asked
    }
}

prop_state_machine! {
    #![proptest_config(config())]

    #[test]
    fn everything_becomes_safe_and_nothing_is_called_safe_too_early(sequential 1..160 => Line);
}
