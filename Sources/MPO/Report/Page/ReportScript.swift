/// The page's only script: values under the pointer, and the legend's switches. Without it the page
/// shows the same curves. Values are read back from the drawn paths, so they are not stored twice;
/// what it writes is text, never markup.
enum ReportScript {
  static let source = """
    (function () {
      "use strict";
      var tip = document.createElement("div");
      tip.className = "tip";
      tip.hidden = true;
      document.body.appendChild(tip);
      var shown = null;

      function figure(v) {
        var a = Math.abs(v);
        if (a === 0) return "0";
        if (a < 1e-3 || a >= 1e9) return v.toExponential(2).replace("e+", "e");
        var digits = a >= 1000 ? 0 : a >= 100 ? 1 : a >= 10 ? 2 : a >= 1 ? 3 : 4;
        var parts = v.toFixed(digits).split(".");
        parts[0] = parts[0].replace(/\\B(?=(\\d{3})+$)/g, ",");
        return parts.join(".");
      }

      function read(chart) {
        if (chart.lines) return chart.lines;
        var d = chart.dataset, log = d.log === "1";
        chart.x0 = +d.x0; chart.x1 = +d.x1;
        var y0 = log ? Math.log(+d.y0) : +d.y0, y1 = log ? Math.log(+d.y1) : +d.y1;
        chart.lines = [].map.call(chart.querySelectorAll("path[data-name]"), function (path) {
          var points = [], match, shape = /[ML](-?[\\d.]+) (-?[\\d.]+)/g;
          while ((match = shape.exec(path.getAttribute("d")))) {
            var v = y0 + (1 - match[2] / 1000) * (y1 - y0);
            points.push([+match[1], log ? Math.exp(v) : v]);
          }
          return {
            name: path.dataset.name, path: path, points: points,
            isRaw: path.classList.contains("raw")
          };
        });
        return chart.lines;
      }

      function nearest(points, x) {
        var low = 0, high = points.length - 1;
        while (high - low > 1) {
          var middle = (low + high) >> 1;
          if (points[middle][0] < x) low = middle; else high = middle;
        }
        if (!points.length) return null;
        return Math.abs(points[low][0] - x) <= Math.abs(points[high][0] - x) ? points[low] : points[high];
      }

      function row(color, name, value, muted) {
        var line = document.createElement("div"), mark = document.createElement("i");
        mark.style.background = color;
        line.appendChild(mark);
        line.appendChild(document.createTextNode(name));
        var number = document.createElement("b");
        number.textContent = value;
        if (muted) line.className = "s";
        line.appendChild(number);
        tip.appendChild(line);
      }

      function show(chart, event) {
        var plot = chart.querySelector(".plot"), box = plot.getBoundingClientRect();
        var share = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
        var lines = read(chart).filter(function (l) {
          return l.points.length > 0 && !l.path.classList.contains("off");
        });
        if (!lines.length) return hide();
        var anchor = nearest(lines[0].points, share * 1000)[0];
        lines.forEach(function (l) {
          var p = nearest(l.points, share * 1000);
          if (Math.abs(p[0] - share * 1000) < Math.abs(anchor - share * 1000)) anchor = p[0];
        });
        tip.textContent = "";
        var head = document.createElement("div");
        var x = chart.x0 + anchor / 1000 * (chart.x1 - chart.x0);
        head.textContent = chart.dataset.unit + " " +
          (chart.dataset.unit === "step" ? figure(Math.round(x)) : figure(x));
        head.className = "s";
        tip.appendChild(head);
        var smoothed = lines.some(function (l) { return l.isRaw; });
        lines.map(function (l) { return [l, nearest(l.points, anchor)]; })
          .filter(function (e) { return Math.abs(e[1][0] - anchor) <= 25; })
          .sort(function (a, b) { return a[0].isRaw - b[0].isRaw || b[1][1] - a[1][1]; })
          .slice(0, 14).forEach(function (e) {
            var name = e[0].name + (smoothed ? e[0].isRaw ? ", this step" : ", smoothed" : "");
            row(getComputedStyle(e[0].path).stroke, name, figure(e[1][1]), e[0].isRaw);
          });
        if (!plot.cross) {
          plot.cross = document.createElement("div");
          plot.cross.className = "cross";
          plot.appendChild(plot.cross);
        }
        if (shown !== null) if (shown !== plot) hide();
        shown = plot;
        plot.cross.hidden = false;
        plot.cross.style.left = anchor / 10 + "%";
        tip.hidden = false;
        var left = event.clientX + 16, width = tip.offsetWidth;
        if (left + width > innerWidth - 8) left = Math.max(8, event.clientX - 16 - width);
        tip.style.left = left + "px";
        tip.style.top = Math.min(innerHeight - tip.offsetHeight - 8, event.clientY + 16) + "px";
      }

      function hide() {
        tip.hidden = true;
        if (shown) shown.cross.hidden = true;
        shown = null;
      }

      [].forEach.call(document.querySelectorAll(".chart"), function (chart) {
        var plot = chart.querySelector(".plot");
        plot.addEventListener("pointermove", function (e) { show(chart, e); });
        plot.addEventListener("pointerdown", function (e) { show(chart, e); });
        plot.addEventListener("pointerleave", hide);
      });
      addEventListener("scroll", hide, { passive: true });

      [].forEach.call(document.querySelectorAll(".keys button"), function (button) {
        button.addEventListener("click", function () {
          var on = button.getAttribute("aria-pressed") === "false";
          button.setAttribute("aria-pressed", String(on));
          var marked = ".plot [data-series=\\"" + button.dataset.series + "\\"]";
          [].forEach.call(document.querySelectorAll(marked), function (element) {
            element.classList.toggle("off", !on);
          });
        });
      });
    })();
    """
}
