import { Text } from "@mantine/core";
import { useMemo, useState } from "react";
import { Link } from "react-router";
import "./trend.css";

export interface TrendPoint {
  key: string;
  /** Where a click leads. */
  to: string;
  value: number;
  release: number | null;
  /** The point in words: what is seen on hover, and read aloud. */
  words: string;
  bad?: boolean;
}

const WIDTH = 600;
const HEIGHT = 120;
const PAD = 6;

/**
 * A number over the runs, oldest first. Points are links to their runs; a line across says where
 * another release began. What is bad is a cross, not only red.
 */
export function Trend({
  label,
  points,
  say,
  fromZero = false,
}: {
  label: string;
  points: TrendPoint[];
  say: (value: number) => string;
  fromZero?: boolean;
}) {
  const [shown, setShown] = useState<TrendPoint | null>(null);
  const places = useMemo(() => placesOf(points, fromZero), [points, fromZero]);
  const last = points.at(-1);
  if (!last) return null;
  const told = shown ?? last;
  return (
    <figure className="trend" aria-label={label}>
      <figcaption>
        <Text size="sm" fw={600} component="span">
          {label}
        </Text>
        <Text size="sm" component="span">
          {say(told.value)}
          <Text component="span" size="xs" c="dimmed">
            {" "}
            {told.words}
          </Text>
        </Text>
      </figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="presentation">
        {places.releases.map(({ x, number }) => (
          <line key={number} x1={x} x2={x} y1={0} y2={HEIGHT} className="trend-release" />
        ))}
        <polyline points={places.line} className="trend-line" />
      </svg>
      <div className="trend-points">
        {points.map((point, index) => {
          const place = places.at[index];
          return (
            <Link
              key={point.key}
              to={point.to}
              className={point.bad ? "trend-bad" : ""}
              style={{
                left: `${((place?.x ?? 0) / WIDTH) * 100}%`,
                top: `${((place?.y ?? 0) / HEIGHT) * 100}%`,
              }}
              aria-label={`${label}: ${say(point.value)}, ${point.words}`}
              onMouseEnter={() => setShown(point)}
              onFocus={() => setShown(point)}
              onMouseLeave={() => setShown(null)}
              onBlur={() => setShown(null)}
            >
              {point.bad ? "✕" : ""}
            </Link>
          );
        })}
      </div>
      <div className="trend-marks" aria-hidden>
        {places.releases.map(({ x, number }) => (
          <span key={number} style={{ left: `${(x / WIDTH) * 100}%` }}>
            #{number}
          </span>
        ))}
        {places.high > places.low && (
          <>
            <span className="trend-high">{say(places.high)}</span>
            <span className="trend-low">{say(places.low)}</span>
          </>
        )}
      </div>
    </figure>
  );
}

/** Where each point stands, where releases begin, and between which numbers. */
export function placesOf(points: TrendPoint[], fromZero: boolean) {
  const values = points.map((point) => point.value);
  const low = fromZero ? 0 : Math.min(...values);
  const high = Math.max(...values, fromZero ? 0 : Number.NEGATIVE_INFINITY);
  const step = points.length > 1 ? (WIDTH - 2 * PAD) / (points.length - 1) : 0;
  const at = points.map((point, index) => ({
    x: points.length > 1 ? PAD + index * step : WIDTH / 2,
    y:
      high > low
        ? HEIGHT - PAD - ((point.value - low) / (high - low)) * (HEIGHT - 2 * PAD)
        : HEIGHT / 2,
  }));
  const releases = points.flatMap((point, index) => {
    const before = points[index - 1];
    const begins = point.release !== null && point.release !== before?.release;
    const x = (at[index]?.x ?? 0) - (before ? step / 2 : 0);
    return begins ? [{ x, number: point.release as number }] : [];
  });
  const marked = releases.filter(
    (one, index) => releases.findIndex((other) => other.number === one.number) === index,
  );
  return {
    low,
    high,
    at,
    releases: marked,
    line: at.map(({ x, y }) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" "),
  };
}
