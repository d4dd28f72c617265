//! Builds and what comes out of them.

use super::support::{Case, Project};

pub(crate) const CASES: &[Case] = &[("build_runs_and_repeats", build_runs_and_repeats)];

fn build_runs_and_repeats() {
    let dockerfile = "FROM scratch\nCOPY busybox /bin/busybox\nRUN [\"/bin/busybox\", \"--install\", \"-s\", \"/bin\"]\nENV A=1\nRUN echo hello $A > /f && id && cat /proc/self/uid_map\nCMD echo\n";
    let project = Project::with_busybox(dockerfile, &[]);
    let first = project.built();
    println!("{}", project.output());
    assert_eq!(first.cache.misses, 3);
    let second = project.built();
    assert_eq!((second.cache.hits, second.cache.misses), (3, 0));
    assert_eq!(first.digest, second.digest);
    assert_eq!(project.image().diff_ids.len(), 3);
}
