/// What went wrong with checkpoints. None of these touches a complete one.
public enum CheckpointError: Error, CustomStringConvertible {
  /// Saving failed; the temporary folder is gone, `kept` is the newest complete checkpoint.
  case save(step: Int, reason: String, diskFull: Bool, kept: String?)
  /// The output folder already holds a run, and neither resume nor overwrite was asked for.
  case occupied(folder: String, checkpoint: String)
  /// Another process trains into the folder; its id, where it could be read.
  case locked(folder: String, pid: Int?)
  /// Resume was asked for, and there is nothing complete to resume from.
  case nothingToResume(folder: String)
  /// A named checkpoint is not complete.
  case incomplete(folder: String, String)
  /// Two saves of one process at a time, or a step that is negative.
  case misuse(String)
  /// A file of the checkpoint does not say what it must.
  case state(path: String, String)

  public var description: String {
    switch self {
    case .save(let step, let reason, let diskFull, let kept):
      let advice = diskFull ? " Free some space (or set save_total_limit), then" : " Then"
      let rest =
        kept.map { "\($0) is untouched.\(advice) continue with --resume" }
        ?? "there was no earlier checkpoint.\(diskFull ? " Free some space first" : "")"
      return
        "could not save checkpoint-\(step): \(reason). Its temporary folder is removed; \(rest)"
    case .occupied(let folder, let checkpoint):
      return "\(folder) already holds \(checkpoint): continue with --resume, start afresh with "
        + "--overwrite-output-dir, or choose another output_dir"
    case .locked(let folder, let pid):
      let holder = pid.map { "process \($0)" } ?? "another process"
      return "\(folder): \(holder) is training into this folder; wait for it or stop it, or choose "
        + "another output_dir"
    case .nothingToResume(let folder):
      return "\(folder) holds no complete checkpoint to resume from; leave --resume out to start"
    case .incomplete(let folder, let text): return "\(folder) is no complete checkpoint: \(text)"
    case .misuse(let text): return text
    case .state(let path, let text): return "\(path): \(text)"
    }
  }
}
