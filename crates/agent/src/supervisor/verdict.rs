//! How a workload ended, from what its relay wrote, what the engine saw, and what the
//! agent itself knows.

use skerry_domain::{Code, ErrorBody, Reason, RunStatus, WorkloadPhase};
use skerry_engine::State;

use crate::relay::record::End;

/// What is known when a workload runs no more.
#[derive(Debug, Clone)]
pub(super) struct Evidence {
    /// What the relay wrote: there exactly when the process ended under its eyes.
    pub(super) end: Option<End>,
    /// What the engine says.
    pub(super) state: State,
    /// It was told to end, because a person asked for that.
    pub(super) cancelled: bool,
    /// The machine was started anew since the workload was.
    pub(super) rebooted: bool,
    /// The engine was away while it ran.
    pub(super) engine_was_away: bool,
    /// The end of what the entry point printed itself.
    pub(super) last_output: String,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Verdict {
    pub(super) phase: WorkloadPhase,
    pub(super) reason: Option<ErrorBody>,
    pub(super) exit_code: Option<i32>,
}

impl Verdict {
    fn new(phase: WorkloadPhase, reason: Option<ErrorBody>, exit_code: Option<i32>) -> Self {
        Self {
            phase,
            reason,
            exit_code,
        }
    }

    /// MLflow's word for it.
    pub(super) fn status(&self) -> RunStatus {
        match self.phase {
            WorkloadPhase::Finished => RunStatus::Finished,
            WorkloadPhase::Cancelled => RunStatus::Killed,
            _ => RunStatus::Failed,
        }
    }
}

fn failed(code: Code, reason: Reason, message: impl Into<String>) -> ErrorBody {
    ErrorBody::new(code, message).because(reason)
}

/// A signal with its name, as details.
fn by(error: ErrorBody, signal: i32) -> ErrorBody {
    error
        .with("signal", signal.to_string())
        .with("signal_name", signal_name(signal).unwrap_or_default())
}

pub(super) fn verdict(evidence: &Evidence) -> Verdict {
    use WorkloadPhase::{Cancelled, Failed, Finished, Interrupted};
    let (engine_code, out_of_memory) = match &evidence.state {
        State::Exited {
            code,
            out_of_memory,
            ..
        } => (*code, *out_of_memory),
        _ => (None, false),
    };
    if let Some(end) = &evidence.end {
        if evidence.cancelled {
            return Verdict::new(Cancelled, None, end.code);
        }
        // An orderly end counts even when a power cut came right after.
        if end.code == Some(0) {
            return Verdict::new(Finished, None, Some(0));
        }
        if out_of_memory {
            return Verdict::new(Failed, memory(), end.code);
        }
        let code = Code::CommandFailed;
        let reason = match (&end.error, end.code, end.signal) {
            (Some(words), _, _) => {
                failed(code, Reason::NotStartable, format!("{words}.")).with("why", words.as_str())
            }
            (None, Some(exit), _) => {
                let message = format!("The command ended with exit code {exit}.");
                failed(code, Reason::ExitCode, message).with("exit_code", exit.to_string())
            }
            (None, None, Some(signal)) => {
                let message = format!("The process was killed by {}.", signal_word(signal));
                by(failed(code, Reason::KilledBySignal, message), signal)
            }
            (None, None, None) => failed(
                code,
                Reason::NoTrace,
                "The process is gone without a trace.",
            ),
        };
        return Verdict::new(Failed, Some(reason), end.code);
    }
    if evidence.cancelled {
        return Verdict::new(Cancelled, None, None);
    }
    if out_of_memory {
        return Verdict::new(Failed, memory(), None);
    }
    if evidence.rebooted {
        let reason = ErrorBody::new(
            Code::MachineRestarted,
            "The machine was switched off or restarted during the run.",
        );
        return Verdict::new(Interrupted, Some(reason), None);
    }
    let (phase, reason) = match (&evidence.state, engine_code) {
        (State::Gone, _) => (
            Interrupted,
            failed(
                Code::WorkloadGone,
                Reason::RemovedBySomebody,
                "The run's workload was removed from the machine by somebody else.",
            ),
        ),
        (
            State::Exited {
                error: Some(words), ..
            },
            _,
        ) => (
            Failed,
            failed(
                Code::EngineFailed,
                Reason::ContainerNotStarted,
                format!("The container could not start: {words}"),
            )
            .with("why", words.as_str()),
        ),
        // 255: the engine found it dead when it came back itself.
        (_, code) if evidence.engine_was_away || code == Some(255) => (
            Interrupted,
            failed(
                Code::EngineMissing,
                Reason::EngineStoppedDuringRun,
                "The container engine was stopped or restarted during the run, and took it down.",
            ),
        ),
        (_, Some(code)) if code > 128 => {
            let signal = code - 128;
            let message = format!(
                "The run's workload was killed from outside by {}.",
                signal_word(signal)
            );
            let reason = failed(Code::WorkloadGone, Reason::KilledFromOutside, message);
            (Interrupted, by(reason, signal))
        }
        (_, Some(code)) => {
            let said = evidence.last_output.trim();
            let message =
                format!("The entry point of the run could not do its work (code {code}): {said}");
            let reason = failed(Code::CommandFailed, Reason::EntryPointFailed, message)
                .with("exit_code", code.to_string())
                .with("said", said);
            (Failed, reason)
        }
        (_, None) => (
            Interrupted,
            failed(
                Code::WorkloadGone,
                Reason::KilledFromOutside,
                "The run's process was killed from outside.",
            ),
        ),
    };
    Verdict::new(phase, Some(reason), None)
}

fn memory() -> Option<ErrorBody> {
    Some(ErrorBody::new(
        Code::OutOfMemory,
        "The run needed more memory than it may have, and the kernel killed it.",
    ))
}

fn signal_name(signal: i32) -> Option<&'static str> {
    Some(match signal {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        15 => "SIGTERM",
        _ => return None,
    })
}

fn signal_word(signal: i32) -> String {
    match signal_name(signal) {
        Some(name) => format!("signal {signal} ({name})"),
        None => format!("signal {signal}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exited(code: i32) -> State {
        State::Exited {
            code: Some(code),
            out_of_memory: false,
            error: None,
        }
    }

    fn evidence(state: State) -> Evidence {
        Evidence {
            end: None,
            state,
            cancelled: false,
            rebooted: false,
            engine_was_away: false,
            last_output: String::new(),
        }
    }

    fn end(code: Option<i32>, signal: Option<i32>) -> Option<End> {
        Some(End {
            code,
            signal,
            error: None,
            at: 0,
        })
    }

    fn told(evidence: &Evidence) -> (WorkloadPhase, Option<Code>) {
        let verdict = verdict(evidence);
        (verdict.phase, verdict.reason.map(|reason| reason.code))
    }

    #[test]
    fn ends_that_the_relay_saw() {
        let mut seen = evidence(exited(0));
        seen.end = end(Some(0), None);
        // Whatever happened right after an orderly end.
        seen.rebooted = true;
        assert_eq!(told(&seen), (WorkloadPhase::Finished, None));
        seen.cancelled = true;
        assert_eq!(told(&seen), (WorkloadPhase::Cancelled, None));
        let mut seen = evidence(exited(3));
        seen.end = end(Some(3), None);
        assert_eq!(
            told(&seen),
            (WorkloadPhase::Failed, Some(Code::CommandFailed))
        );
        assert_eq!(verdict(&seen).exit_code, Some(3));
        seen.cancelled = true;
        assert_eq!(told(&seen), (WorkloadPhase::Cancelled, None));
        let mut seen = evidence(exited(139));
        seen.end = end(None, Some(11));
        let reason = verdict(&seen).reason.unwrap();
        assert!(reason.message.contains("SIGSEGV"));
        assert_eq!(reason.reason, Some(Reason::KilledBySignal));
        assert_eq!(reason.details["signal_name"], "SIGSEGV");
        seen.state = State::Exited {
            code: Some(137),
            out_of_memory: true,
            error: None,
        };
        assert_eq!(
            told(&seen),
            (WorkloadPhase::Failed, Some(Code::OutOfMemory))
        );
    }

    #[test]
    fn ends_that_nobody_saw() {
        let mut cut = evidence(exited(255));
        cut.rebooted = true;
        assert_eq!(
            told(&cut),
            (WorkloadPhase::Interrupted, Some(Code::MachineRestarted))
        );
        assert_eq!(verdict(&cut).status(), RunStatus::Failed);
        assert_eq!(
            told(&evidence(exited(255))),
            (WorkloadPhase::Interrupted, Some(Code::EngineMissing))
        );
        assert_eq!(
            told(&evidence(State::Gone)),
            (WorkloadPhase::Interrupted, Some(Code::WorkloadGone))
        );
        assert_eq!(
            told(&evidence(exited(137))),
            (WorkloadPhase::Interrupted, Some(Code::WorkloadGone))
        );
        let lost = State::Exited {
            code: None,
            out_of_memory: false,
            error: None,
        };
        assert_eq!(told(&evidence(lost)).0, WorkloadPhase::Interrupted);
    }
}
