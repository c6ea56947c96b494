/// The workloads of the suite. `quick` keeps the plumbing and shrinks the sizes.
struct WorkloadList {
  var quick = false
  /// Asked for OpenCL work.
  var openCLDevice = "opencl"
  /// Ours in bf16 too.
  var bf16 = false
  /// Whether the processor multiplies bf16: without it PyTorch's bf16 is emulated and takes
  /// minutes.
  var hasBF16 = MachineLimits.hasBF16

  var all: [Workload] {
    [
      iteration(quick ? "tiny" : "S", rows: 16, ["--repeats", "5", "--budget", "30"]),
      iteration(quick ? "tiny" : "M", rows: 8, ["--repeats", "3", "--budget", "60"]),
      loss(vocabulary: quick ? 3200 : 32000), loss(vocabulary: quick ? 4915 : 49152),
      step, products, openCLTrain, openCLProducts,
    ]
  }

  /// One of our commands in every precision.
  private func ours(_ arguments: [String]) -> [Contender] {
    (bf16 ? ["f32", "bf16"] : ["f32"]).map {
      Contender(name: $0, precision: $0, arguments: arguments + ["--precision", $0])
    }
  }

  private var repeats: [String] { ["--repeats", quick ? "1" : "3"] }

  private static let generate = Measure.rate("generate", unit: "tokens/s")
  private static let forward = Measure.rate("forward", unit: "tokens/s")
  private static let train = Measure.rate("train", unit: "tokens/s")

  /// `rows` rows of 64 + 64.
  private func iteration(_ shape: String, rows: Int, _ more: [String]) -> Workload {
    let sizes = ["--shape", shape, "--rows", "\(rows)", "--prompt", "64", "--new", "64"]
    // One iteration of M takes PyTorch half a minute on two slow cores.
    let few = quick || rows < 16 ? ["--repeats", "1"] : ["--repeats", "3", "--budget", "40"]
    func torch(_ name: String, _ precision: String, _ more: [String] = []) -> Contender {
      Contender(
        name: name, precision: precision, program: .python("torch_iteration.py"),
        arguments: sizes + ["--dtype", precision] + more + few,
        isSlow: precision == "bf16" && shape == "M" && !hasBF16, timeout: 300)
    }
    func llama(_ precision: String) -> Contender {
      Contender(
        name: "llama.cpp \(precision) (decode alone)", precision: precision,
        program: .python("llama_decode.py"),
        arguments: sizes + [
          "--dtype", precision, "--repeats", quick ? "1" : "2", "--budget", "20",
        ],
        measures: [Self.generate], phases: ["generate": "decode"])
    }
    var compiled = torch("PyTorch f32 compiled", "f32", ["--compile"])
    compiled.isSlow = true
    compiled.timeout = 500
    compiled.measures = [Self.train, .time("iteration")]
    // glibc keeps what is freed, so that big blocks are not mapped and faulted in anew.
    var tuned = torch("PyTorch f32 tuned allocator", "f32")
    tuned.isSlow = true
    tuned.environment = ["MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "68719476736"]
    tuned.measures = [Self.train, .time("iteration"), .peak]
    return Workload(
      name: "iteration-\(shape)-\(rows)", title: "\(shape), \(rows) rows of 64+64",
      ours: ours(["iteration"] + sizes + (quick ? repeats : more)),
      peers: [
        torch("PyTorch f32", "f32"), torch("PyTorch bf16", "bf16"), compiled, tuned, llama("f32"),
        llama("bf16"),
      ],
      measures: [
        Self.generate, Self.forward, Self.train, .time("iteration"), .peak, .beyondStates,
      ])
  }

  private func loss(vocabulary: Int) -> Workload {
    let (n, c) = quick ? (64, 64) : (1024, 576)
    let sizes = ["--rows", "\(n)", "--width", "\(c)", "--vocabulary", "\(vocabulary)"]
    return Workload(
      name: "loss-\(vocabulary)", title: "magnetic loss, N \(n) C \(c) V \(vocabulary)",
      ours: ours(["loss"] + sizes + repeats + ["--budget", "20"]),
      peers: ["f32", "bf16"].map {
        Contender(
          name: "PyTorch \($0)", precision: $0, program: .python("torch_loss.py"),
          arguments: sizes + ["--dtype", $0, "--budget", "20"] + repeats)
      },
      measures: [.time("loss"), .extra])
  }

  private var step: Workload {
    let shape = quick ? "tiny" : "S"
    let sizes = ["--shape", shape, "--prompts", "16", "--prompt", "16", "--new", "64"]
    func trl(_ settings: String, slow: Bool) -> Contender {
      Contender(
        name: "TRL Online DPO, \(settings)", program: .python("trl_online_dpo.py"),
        arguments: sizes + ["--settings", settings, "--repeats", "1"],
        isSlow: slow, timeout: slow ? 500 : 150)
    }
    return Workload(
      name: "step", title: "MPO step, \(shape), 16 prompts x 2 x 64",
      ours: ours(["step", "--samples", "2"] + sizes + repeats + ["--budget", "25"]),
      peers: [trl("best", slow: false), trl("shipped", slow: true)],
      measures: [.time("step"), .peak, .beyondStates])
  }

  private var products: Workload {
    let sizes = quick ? ["64", "128"] : ["512", "1024", "2048", "1024x1536x576"]
    let list = ["--sizes", sizes.joined(separator: ",")]
    return Workload(
      name: "products", title: "matrix product",
      ours: ours(["products"] + list + repeats),
      peers: ["f32", "bf16"].map {
        Contender(
          name: "PyTorch \($0)", precision: $0, program: .python("torch_products.py"),
          arguments: list + ["--dtype", $0] + repeats)
      },
      measures: sizes.map { .rate($0, unit: "GFLOP/s") })
  }

  private var openCLTrain: Workload {
    let sizes = ["--shape", quick ? "tiny" : "S", "--rows", "4", "--length", "128"]
    return Workload(
      name: "opencl-train", title: "OpenCL train step, \(sizes[1]), 4 x 128",
      ours: [
        Contender(
          name: "f32",
          arguments: ["train", "--device", openCLDevice] + sizes + repeats + ["--budget", "25"])
      ],
      peers: [
        Contender(
          name: "tinygrad CL", program: .python("tinygrad_step.py"),
          arguments: sizes + ["--repeats", "1"], isSlow: true, timeout: 900)
      ],
      measures: [Self.train, .peak, .beyondStates], isOpenCL: true)
  }

  private var openCLProducts: Workload {
    let sizes = quick ? ["64", "128"] : ["512", "1024"]
    let list = ["--sizes", sizes.joined(separator: ",")]
    return Workload(
      name: "opencl-products", title: "OpenCL matrix product",
      ours: [
        Contender(
          name: "f32", arguments: ["products", "--device", openCLDevice] + list + repeats)
      ],
      peers: [
        Contender(
          name: "tinygrad CL", program: .python("tinygrad_products.py"), arguments: list + repeats)
      ],
      measures: sizes.map { .rate($0, unit: "GFLOP/s") }, isOpenCL: true)
  }
}
