import Foundation
import MPO
import MPOModel
import Testing

@Suite struct CheckpointTests {
  static func folder() -> String {
    FileManager.default.temporaryDirectory.appendingPathComponent("run-\(UUID())").path
  }

  static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

  static func save(_ store: CheckpointStore, _ step: Int, _ text: String = "x") throws {
    try store.save(step: step) { temporary in
      try Data(text.utf8).write(to: temporary.appendingPathComponent("model.bin"))
      let inner = temporary.appendingPathComponent("magnet")
      try FileManager.default.createDirectory(at: inner, withIntermediateDirectories: true)
      try Data("m".utf8).write(to: inner.appendingPathComponent("w.bin"))
    }
  }

  static func names(_ folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
  }

  @Test func savesFindsAndPrunes() throws {
    let folder = Self.folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let store = CheckpointStore(folder, totalLimit: 2)
    #expect(try store.prepare() == nil)
    #expect(store.latestComplete() == nil)
    for step in [5, 10, 100] { try Self.save(store, step) }
    #expect(try Self.names(folder) == ["checkpoint-10", "checkpoint-100"])
    #expect(store.latestComplete()?.step == 100)
    #expect(try store.prepare(resume: "latest")?.lastPathComponent == "checkpoint-100")
    #expect(
      try store.prepare(resume: folder + "/checkpoint-10")?.lastPathComponent == "checkpoint-10")
    try store.removeNewer(than: 10)
    #expect(store.complete().map(\.step) == [10])
  }

  @Test func neverRemovesTheOnlyOne() throws {
    let folder = Self.folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let store = CheckpointStore(folder, totalLimit: 1)
    try Self.save(store, 1)
    #expect(throws: CheckpointError.self) {
      try store.save(step: 2) { _ in throw CocoaError(.fileNoSuchFile) }
    }
    #expect(store.latestComplete()?.step == 1)
    try Self.save(store, 2)
    #expect(store.complete().map(\.step) == [2])
  }

  @Test func replacesAStep() throws {
    let folder = Self.folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let store = CheckpointStore(folder)
    try Self.save(store, 3, "old")
    try Self.save(store, 3, "newer")
    #expect(
      try String(contentsOfFile: folder + "/checkpoint-3/model.bin", encoding: .utf8) == "newer")
    #expect(try Self.names(folder) == ["checkpoint-3"])
  }

  @Test func incompleteOnesAreNotUsed() throws {
    let folder = Self.folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let store = CheckpointStore(folder)
    for step in 1...5 { try Self.save(store, step) }
    let manager = FileManager.default
    try manager.removeItem(atPath: folder + "/checkpoint-5/DONE")
    try manager.removeItem(atPath: folder + "/checkpoint-4/magnet/w.bin")
    try Data().write(to: URL(fileURLWithPath: folder + "/checkpoint-3/model.bin"))
    try Data("{".utf8).write(to: URL(fileURLWithPath: folder + "/checkpoint-2/DONE"))
    #expect(store.latestComplete()?.step == 1)
    for (step, text) in [
      (5, "no file 'DONE'"), (4, "missing"), (3, "0 bytes"), (2, "damaged"), (9, "no such"),
    ] {
      let error = #expect(throws: CheckpointError.self) {
        try store.prepare(resume: folder + "/checkpoint-\(step)")
      }
      #expect(error?.description.contains(text) == true)
    }
    #expect(throws: CheckpointError.self) { try store.prepare() }
    #expect(try store.prepare(overwrite: true) == nil)
    #expect(store.complete().isEmpty)
    #expect(throws: CheckpointError.self) { try store.prepare(resume: "latest") }
  }

  @Test func aFailedSaveLeavesNothingAndTouchesNothing() throws {
    let folder = Self.folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let store = CheckpointStore(folder)
    try Self.save(store, 1)
    let error = #expect(throws: CheckpointError.self) {
      try store.save(step: 2) { temporary in
        try Data("part".utf8).write(to: temporary.appendingPathComponent("model.bin"))
        throw FileError(call: "write", path: "model.bin", code: ENOSPC)
      }
    }
    #expect(error?.description.contains("No space left") == true)
    #expect(error?.description.contains("checkpoint-1 is untouched") == true)
    #expect(try Self.names(folder) == ["checkpoint-1"])
  }

  #if os(Linux)
    @Test func aFullDeviceIsAClearError() throws {
      let descriptor = open("/dev/full", O_WRONLY)
      defer { close(descriptor) }
      let error = #expect(throws: ModelError.self) {
        try Data("x".utf8).withUnsafeBytes {
          try writeAll($0, to: descriptor, path: "/dev/full")
        }
      }
      #expect(error.map { isDiskFull($0) } == true)
    }
  #endif

  @Test func atomicWriteReplacesOrKeeps() throws {
    let folder = Self.folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let path = folder + "/a.json"
    try AtomicFile.write(Data("one".utf8), to: path)
    try AtomicFile.write(Data("two".utf8), to: path)
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "two")
    #expect(try Self.names(folder) == ["a.json"])
    // A folder in the way: rename fails, nothing is left beside it.
    try FileManager.default.createDirectory(
      atPath: folder + "/d", withIntermediateDirectories: true)
    #expect(throws: ModelError.self) { try AtomicFile.write(Data(), to: folder + "/d") }
    #expect(try Self.names(folder) == ["a.json", "d"])
    #expect(throws: ModelError.self) { try AtomicFile.write(Data(), to: "/nonexistent/x") }
  }

  @Test func leftoversOfTheDeadAreCleanedAndOfTheLivingKept() throws {
    let folder = Self.folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let store = CheckpointStore(folder)
    try Self.save(store, 1)
    let manager = FileManager.default
    let dead = 0x3fff_fff1
    for name in [".tmp-checkpoint-2-\(dead)", ".tmp-checkpoint-2-1", ".old-checkpoint-1-\(dead)"] {
      try manager.createDirectory(atPath: folder + "/" + name, withIntermediateDirectories: true)
    }
    // Killed between the two renames of a replacement: the new one is complete and has no name yet.
    try Self.save(store, 7, "moved")
    try manager.moveItem(
      atPath: folder + "/checkpoint-7", toPath: folder + "/.tmp-checkpoint-7-\(dead)")
    try manager.copyItem(
      atPath: folder + "/checkpoint-1", toPath: folder + "/.trash-checkpoint-9-\(dead)")
    try Data().write(to: URL(fileURLWithPath: folder + "/.metrics.jsonl.\(dead)-0A1B2C3D.tmp"))
    _ = try store.prepare(resume: "latest")
    #expect(try Self.names(folder) == [".tmp-checkpoint-2-1", "checkpoint-1", "checkpoint-7"])
    #expect(store.latestComplete()?.step == 7)
  }

  /// The folder as a kill leaves it at each point of a save of step 3 over an earlier step 3: the
  /// next start finds a whole checkpoint, the newest one that is.
  @Test(arguments: ["body", "marker", "complete", "aside", "renamed"])
  func aKillAtAnyPointLeavesAWholeCheckpoint(_ point: String) throws {
    let folder = Self.folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let store = CheckpointStore(folder)
    let (final, temporary) = (folder + "/checkpoint-3", folder + "/.tmp-checkpoint-3-1073741809")
    let aside = folder + "/.old-checkpoint-3-1073741809"
    let manager = FileManager.default
    try Self.save(store, 2, "two")
    try Self.save(store, 3, "newer")
    try manager.moveItem(atPath: final, toPath: temporary)
    try Self.save(store, 3, "old")
    switch point {
    case "body":
      try manager.removeItem(atPath: temporary + "/DONE")
      try manager.removeItem(atPath: temporary + "/magnet")
    case "marker":
      try Data("{\"step\": 3, \"fil".utf8).write(to: URL(fileURLWithPath: temporary + "/DONE"))
    case "aside": try manager.moveItem(atPath: final, toPath: aside)
    case "renamed":
      try manager.moveItem(atPath: final, toPath: aside)
      try manager.moveItem(atPath: temporary, toPath: final)
    default: break
    }
    let found = try store.prepare(resume: "latest")
    #expect(found?.lastPathComponent == "checkpoint-3")
    let text = try String(contentsOfFile: final + "/model.bin", encoding: .utf8)
    #expect(text == (point == "aside" || point == "renamed" ? "newer" : "old"))
    #expect(try Self.names(folder) == ["checkpoint-2", "checkpoint-3"])
  }

  @Test func stateRoundTrips() throws {
    let folder = Self.folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    var state = TrainerState()
    state.globalStep = 12
    state.epoch = 0.1 + 0.2
    state.cursor = DataCursor(epoch: 3, position: 4)
    state.seed = .max
    state.settings = ["learning_rate": "0.0003", "judge": "a\nb"]
    state.logHistory = [["loss": -1.25e-17, "rewards/margins": 1.0 / 3]]
    let url = URL(fileURLWithPath: folder)
    try state.write(to: url)
    #expect(try TrainerState.read(from: url) == state)
    try Data("{\"global_step\": 1".utf8).write(to: url.appendingPathComponent("trainer_state.json"))
    #expect(throws: CheckpointError.self) { try TrainerState.read(from: url) }
    #expect(throws: CheckpointError.self) {
      try TrainerState.read(from: url.appendingPathComponent("no"))
    }
  }
}
