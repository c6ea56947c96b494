/// The page's style sheet: one column on a phone, two or three of panels where there is room; light or
/// dark as the reader has it; plain on paper.
enum ReportStyle {
  static var sheet: String { "\(variables)\n\(rules)\n\(series)" }

  private static var variables: String {
    func colors(_ list: [String]) -> String {
      list.enumerated().map { "--c\($0.offset): \($0.element);" }.joined(separator: " ")
    }
    return """
      :root { color-scheme: light dark; --ground: #ffffff; --card: #ffffff; --soft: #f6f8fa; \
      --ink: #1f2328; --muted: #59626c; --line: #d8dee4; --grid: #e9ecef; --accent: #0969da; \
      --good: #1a7f37; --warn: #9a6700; --win: #2da44e; --tint: 9, 105, 218; --lose: 191, 90, 0; \
      \(colors(Palette.light)) }
      @media (prefers-color-scheme: dark) { :root { --ground: #0d1117; --card: #12171e; \
      --soft: #161b22; --ink: #e6edf3; --muted: #9aa4af; --line: #30363d; --grid: #232a32; \
      --accent: #58a6ff; --good: #3fb950; --warn: #d29922; --win: #3fb950; --tint: 88, 166, 255; \
      --lose: 240, 150, 70; \(colors(Palette.dark)) } }
      """
  }

  private static var series: String {
    Palette.light.indices.map {
      ".s\($0) { stroke: var(--c\($0)); } .f\($0) { fill: var(--c\($0)); }"
    }.joined(separator: "\n")
  }

  private static let rules = """
    * { box-sizing: border-box; }
    html { -webkit-text-size-adjust: 100%; scroll-padding-top: 3.5rem; }
    body { margin: 0; background: var(--ground); color: var(--ink); \
    font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
    main, .top, footer { max-width: 1280px; margin: 0 auto; padding: 0 16px; }
    .top { padding-top: 28px; }
    h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 4px; overflow-wrap: anywhere; }
    h2 { font-size: 1.2rem; margin: 40px 0 12px; }
    h3 { font-size: .95rem; font-weight: 600; margin: 0; }
    h4 { font-size: .95rem; font-weight: 600; margin: 24px 0 8px; color: var(--muted); }
    p { margin: 0 0 8px; }
    a { color: var(--accent); }
    .muted, figcaption p, footer { color: var(--muted); }
    nav { position: sticky; top: 0; z-index: 5; background: var(--ground); \
    border-bottom: 1px solid var(--line); margin-top: 16px; }
    nav div { max-width: 1280px; margin: 0 auto; padding: 8px 16px; display: flex; gap: 4px 20px; \
    overflow-x: auto; white-space: nowrap; font-size: .9rem; }
    nav a { text-decoration: none; }
    nav a:hover { text-decoration: underline; }
    .badge { display: inline-block; padding: 0 8px; border-radius: 99px; font-size: .8rem; \
    line-height: 1.6; border: 1px solid var(--line); white-space: nowrap; }
    .badge.finished { color: var(--good); border-color: currentColor; }
    .badge.running { color: var(--accent); border-color: currentColor; }
    .badge.open { color: var(--warn); border-color: currentColor; }
    .notes { list-style: none; padding: 0; margin: 12px 0; }
    .notes li { border-left: 3px solid var(--warn); background: var(--soft); padding: 6px 12px; \
    margin-bottom: 6px; font-size: .9rem; border-radius: 0 6px 6px 0; overflow-wrap: anywhere; }
    .tiles { display: grid; gap: 12px; grid-template-columns: repeat(auto-fill, minmax(148px, 1fr)); }
    .tile { border: 1px solid var(--line); border-radius: 8px; padding: 10px 14px; \
    background: var(--card); }
    .tile span { display: block; color: var(--muted); font-size: .82rem; }
    .tile b { display: block; font-size: 1.3rem; font-weight: 600; line-height: 1.35; \
    font-variant-numeric: tabular-nums; }
    .tile b.long { font-size: 1.02rem; line-height: 1.7; }
    .scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 8px; \
    background: var(--card); }
    table { border-collapse: collapse; width: 100%; font-size: .88rem; \
    font-variant-numeric: tabular-nums; }
    th, td { padding: 7px 12px; text-align: right; border-bottom: 1px solid var(--line); \
    vertical-align: top; white-space: nowrap; }
    tbody tr:last-child > * { border-bottom: 0; }
    thead th { background: var(--soft); font-weight: 600; color: var(--muted); \
    vertical-align: bottom; }
    th:first-child { text-align: left; position: sticky; left: 0; background: var(--card); \
    z-index: 1; white-space: normal; overflow-wrap: anywhere; font-weight: 600; \
    min-width: var(--name, 8rem); }
    thead th:first-child { background: var(--soft); }
    td small, th small { display: block; color: var(--muted); font-weight: 400; font-size: .8rem; }
    .settings td { text-align: left; white-space: pre-wrap; overflow-wrap: anywhere; \
    min-width: 7rem; max-width: 26rem; \
    font: .82rem/1.45 ui-monospace, "SF Mono", Menlo, "DejaVu Sans Mono", monospace; }
    .settings th:first-child { font: .82rem/1.45 ui-monospace, "SF Mono", Menlo, \
    "DejaVu Sans Mono", monospace; font-weight: 600; }
    .settings th:first-child { width: 1%; min-width: 15rem; }
    .settings thead th { text-align: left; }
    td.differs { background: rgba(var(--tint), .13); }
    .keys { position: sticky; top: 40px; z-index: 4; display: flex; flex-wrap: wrap; gap: 6px; \
    padding: 8px 0; background: var(--ground); max-height: 32vh; overflow-y: auto; }
    .keys button { font: inherit; font-size: .85rem; color: inherit; background: var(--card); \
    border: 1px solid var(--line); border-radius: 99px; padding: 2px 12px 2px 8px; cursor: pointer; \
    display: inline-flex; align-items: center; gap: 6px; max-width: 100%; text-align: left; \
    overflow-wrap: anywhere; }
    .keys button[aria-pressed="false"] { opacity: .45; text-decoration: line-through; }
    .keys button:focus-visible, a:focus-visible, summary:focus-visible { \
    outline: 2px solid var(--accent); outline-offset: 2px; }
    .panels { display: grid; gap: 16px; \
    grid-template-columns: repeat(auto-fill, minmax(min(100%, 380px), 1fr)); }
    .panel { margin: 0; border: 1px solid var(--line); border-radius: 8px; background: var(--card); \
    padding: 12px 14px 8px; display: flex; flex-direction: column; min-width: 0; }
    figcaption { flex: 1 0 auto; font-size: .82rem; margin-bottom: 10px; overflow-wrap: anywhere; }
    figcaption p { margin: 0; line-height: 1.4; }
    .legend { display: flex; flex-wrap: wrap; gap: 2px 14px; margin-top: 4px; }
    .legend span { display: inline-flex; align-items: center; gap: 5px; }
    .legend b { font-weight: 600; font-variant-numeric: tabular-nums; }
    .swatch { width: 24px; height: 12px; flex: none; }
    .chart { position: relative; padding-left: var(--gutter); }
    .plot { position: relative; height: 190px; touch-action: pan-y; }
    .plot > svg:first-child { position: absolute; inset: 0; width: 100%; height: 100%; \
    overflow: visible; }
    .plot path { vector-effect: non-scaling-stroke; }
    .ys span { position: absolute; left: 0; width: calc(var(--gutter) - 8px); text-align: right; \
    transform: translateY(-50%); font-size: 11.5px; line-height: 1; color: var(--muted); }
    .ys { position: absolute; left: 0; top: 0; height: 190px; width: 0; }
    .xs { position: relative; height: 34px; font-size: 11.5px; line-height: 1; color: var(--muted); }
    .xs span { position: absolute; top: 7px; transform: translateX(-50%); white-space: nowrap; }
    .xs .last { transform: translateX(-100%); }
    .xs .first { transform: none; }
    .xs em { position: absolute; top: 21px; left: 0; right: 0; text-align: center; \
    font-style: normal; }
    .curve { fill: none; stroke-width: 1.9; stroke-linejoin: round; stroke-linecap: round; }
    .raw { stroke-width: 1; opacity: .28; }
    .seed { stroke-width: 1; opacity: .38; }
    .band { stroke: none; opacity: .15; }
    .grid { fill: none; stroke: var(--grid); stroke-width: 1; }
    .reference { fill: none; stroke: var(--muted); stroke-width: 1; stroke-dasharray: 2 3; }
    .refresh { fill: none; stroke: var(--muted); stroke-width: 1; stroke-dasharray: 4 3; opacity: .6; }
    .tick { fill: none; stroke-width: 1.4; opacity: .75; }
    .halo { stroke: var(--card); stroke-width: 1; }
    .hollow { fill: var(--card); stroke-width: 1.6; }
    .mark { position: absolute; width: 14px; height: 14px; transform: translate(-50%, -50%); \
    pointer-events: none; overflow: visible; }
    .off { display: none; }
    .cross { position: absolute; top: 0; bottom: 0; width: 1px; background: var(--muted); \
    pointer-events: none; }
    .tip { position: fixed; z-index: 9; pointer-events: none; background: var(--card); \
    border: 1px solid var(--line); border-radius: 6px; padding: 6px 10px; font-size: .8rem; \
    line-height: 1.45; box-shadow: 0 4px 14px rgba(0, 0, 0, .18); max-width: min(320px, 92vw); \
    font-variant-numeric: tabular-nums; }
    .tip div { display: flex; gap: 6px; align-items: center; }
    .tip b { margin-left: auto; padding-left: 10px; }
    .tip i { width: 10px; height: 3px; border-radius: 2px; flex: none; }
    .tip .s { color: var(--muted); }
    details { border: 1px solid var(--line); border-radius: 8px; margin-bottom: 10px; \
    background: var(--card); }
    details details { margin: 0 14px 10px; }
    summary { cursor: pointer; padding: 8px 14px; font-weight: 600; font-size: .92rem; \
    overflow-wrap: anywhere; }
    details > div { padding: 4px 14px 14px; }
    details > .scroll, details > .panels { padding: 0; margin: 0 14px 14px; }
    .step { margin: 12px 0 4px; font-weight: 600; font-size: .9rem; }
    .prompt, .answer { white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: isolate; }
    .prompt { background: var(--soft); border-radius: 6px; padding: 6px 10px; margin: 8px 0 4px; \
    font-size: .88rem; color: var(--muted); }
    .answers { display: grid; grid-template-columns: max-content 1fr; gap: 6px 12px; \
    font-size: .9rem; margin: 6px 0 14px; align-items: start; }
    .rate { width: 92px; font-size: .8rem; font-variant-numeric: tabular-nums; \
    color: var(--muted); padding-top: 2px; overflow-wrap: anywhere; }
    .bar { display: block; height: 5px; border-radius: 3px; background: var(--grid); \
    margin-top: 3px; overflow: hidden; }
    .bar i { display: block; height: 100%; background: var(--c0); }
    .answer small { display: block; color: var(--muted); }
    .below { margin-top: 8px; }
    .panels + details { margin-top: 16px; }
    .facts { color: var(--muted); font-size: .9rem; overflow-wrap: anywhere; }
    td.best { font-weight: 700; }
    footer { padding: 32px 16px 40px; font-size: .85rem; }
    @media (max-width: 560px) {
      .xs .odd:not(.last) { display: none; }
      .top { padding-top: 18px; }
      h1 { font-size: 1.35rem; }
      h2 { margin-top: 30px; }
      .tiles { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 8px; }
      .tile { padding: 8px 10px; }
      .tile b { font-size: 1.12rem; }
      .tile b.long { font-size: .92rem; line-height: 1.8; }
      .keys { max-height: 22vh; }
      th:first-child { min-width: min(var(--name, 8rem), 7.5rem); }
      .settings th:first-child { min-width: 8.5rem; }
      .answers { grid-template-columns: 1fr; gap: 2px; }
      .rate { width: auto; display: flex; align-items: center; gap: 8px; }
      .bar { flex: 1; margin: 0; max-width: 120px; }
      .answer { margin-bottom: 10px; }
      th, td { padding: 6px 9px; }
    }
    @media print {
      nav, .keys { position: static; }
      .panel, .tile { break-inside: avoid; }
    }
    """
}
