"""What a person looks at after the run: a table and a drawing."""


def confusion_csv(species, matrix):
    """Rows are the true species, columns the predicted ones."""
    lines = ["true \\ predicted," + ",".join(species)]
    for name, counts in zip(species, matrix):
        lines.append(name + "," + ",".join(map(str, counts)))
    return "\n".join(lines) + "\n"


def learning_curve_svg(curve, width=640, height=360):
    """Training and validation loss by epoch; `curve` has (epoch, train, validation)."""
    left, right, top, bottom = 56, 16, 40, 40
    last = max(curve[-1][0], 2)
    highest = max(max(train, validation) for _, train, validation in curve) or 1.0

    def at(epoch, loss):
        x = left + (epoch - 1) / (last - 1) * (width - left - right)
        y = height - bottom - loss / highest * (height - top - bottom)
        return f"{x:.1f},{y:.1f}"

    def line(column, color):
        points = " ".join(at(point[0], point[column]) for point in curve)
        return f'<polyline fill="none" stroke="{color}" stroke-width="2" points="{points}"/>'

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]
    for part in range(5):
        loss = highest * part / 4
        y = at(1, loss).split(",")[1]
        parts.append(f'<path d="M{left} {y}H{width - right}" stroke="#d5dbe1"/>')
        parts.append(f'<text x="{left - 8}" y="{y}" text-anchor="end" dominant-baseline="middle">{loss:.2f}</text>')
    for epoch in (1, last):
        x = at(epoch, 0).split(",")[0]
        anchor = "start" if epoch == 1 else "end"
        parts.append(f'<text x="{x}" y="{height - bottom + 18}" text-anchor="{anchor}">epoch {epoch}</text>')
    for place, (name, column, color) in enumerate([("training loss", 1, "#0b6e8f"), ("validation loss", 2, "#c4501b")]):
        x = left + place * 150
        parts.append(f'<path d="M{x} 20h20" stroke="{color}" stroke-width="2"/>')
        parts.append(f'<text x="{x + 26}" y="24">{name}</text>')
        parts.append(line(column, color))
    parts.append("</svg>\n")
    return "\n".join(parts)
