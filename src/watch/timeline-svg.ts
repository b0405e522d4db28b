import { plural } from './failure-bound.js';
import { hours, instant } from './finding.js';
import { escapeHtml } from './escape-html.js';
import type { StabilityWatch } from './stability-watch.js';
import { durationMs } from './stability-watch.js';
import type { TimelineSlice } from './timeline.js';

const left = 92;
const width = 860;
const lanes = { polls: 8, refreshes: 44, findings: 116 } as const;
const laneHeight = { polls: 20, refreshes: 56, findings: 20 } as const;
const axisY = 152;

/**
 * The timeline as a picture: which polls were seen, refreshes and their failures, findings. Colours
 * are classes of the page's style sheet, so that it is readable in light, in dark and on paper; what a
 * colour says is said by its height or its sign too.
 */
export function timelineSvg(watch: StabilityWatch, slices: readonly TimelineSlice[]): string {
  const step = width / slices.length;
  const x = (index: number) => round(left + index * step);
  const most = Math.max(1, ...slices.map(({ refreshed, failed }) => refreshed + failed));
  const shapes = slices.flatMap((slice, index) => [
    poll(slice, x(index), step),
    ...bars(slice, x(index), step, most),
    ...marks(slice, x(index) + step / 2),
  ]);
  const labels = (Object.keys(lanes) as (keyof typeof lanes)[]).map((lane) => {
    const y = lanes[lane] + laneHeight[lane] / 2 + 4;
    return `<text x="0" y="${y}" class="label">${lane}</text>`;
  });
  return [
    `<svg viewBox="0 0 ${left + width + 12} 180" role="img" aria-labelledby="timeline-title timeline-text">`,
    `<title id="timeline-title">Timeline of the watch</title>`,
    `<desc id="timeline-text">${escapeHtml(inWords(slices))}</desc>`,
    ...shapes,
    ...labels,
    ...axis(watch),
    '</svg>',
  ].join('\n');
}

function poll({ coverage, blind, fromMs }: TimelineSlice, x: number, step: number): string {
  const kind = coverage === 'full' && blind > 0 ? 'blind' : coverage;
  const height = { full: 20, blind: 14, partial: 10, none: 3, future: 1 }[kind];
  const y = lanes.polls + laneHeight.polls - height;
  return rect(x, y, step, height, kind, `${instant(fromMs)}: polls ${kind}`);
}

function bars(slice: TimelineSlice, x: number, step: number, most: number): string[] {
  const { refreshed, failed, fromMs } = slice;
  const bottom = lanes.refreshes + laneHeight.refreshes;
  const height = (count: number) => (count / most) * laneHeight.refreshes;
  const text = `${instant(fromMs)}: ${refreshed} refreshed, ${failed} failed`;
  return [
    ...(refreshed > 0
      ? [rect(x, bottom - height(refreshed), step, height(refreshed), 'refreshed', text)]
      : []),
    ...(failed > 0
      ? [rect(x, bottom - height(refreshed + failed), step, height(failed), 'failed', text)]
      : []),
  ];
}

function marks({ findings, fromMs }: TimelineSlice, middle: number): string[] {
  if (findings === 0) return [];
  const top = lanes.findings;
  const points = `${round(middle)},${top} ${round(middle + 8)},${top + 18} ${round(middle - 8)},${top + 18}`;
  return [
    `<polygon points="${points}" class="finding"><title>${instant(fromMs)}: ${findings} found wrong</title></polygon>`,
  ];
}

function axis(watch: StabilityWatch): string[] {
  const ticks = [0, 1 / 4, 1 / 2, 3 / 4, 1].map((share) => {
    const x = round(left + share * width);
    const anchor = share === 0 ? 'start' : share === 1 ? 'end' : 'middle';
    return `<line x1="${x}" y1="${axisY - 8}" x2="${x}" y2="${axisY}" class="axis"/><text x="${x}" y="${axisY + 18}" text-anchor="${anchor}" class="tick">${hours(durationMs(watch) * share)}</text>`;
  });
  return [
    `<line x1="${left}" y1="${axisY - 8}" x2="${left + width}" y2="${axisY - 8}" class="axis"/>`,
    ...ticks,
  ];
}

function inWords(slices: readonly TimelineSlice[]): string {
  const count = (wanted: (slice: TimelineSlice) => boolean) => slices.filter(wanted).length;
  const past = count(({ coverage }) => coverage !== 'future');
  const sum = (figure: (slice: TimelineSlice) => number) =>
    slices.reduce((total, slice) => total + figure(slice), 0);
  return `${count(({ coverage }) => coverage === 'full')} of ${past} slices of time have all their polls; ${plural(
    sum(({ refreshed }) => refreshed),
    'refresh',
    'refreshes',
  )} succeeded and ${sum(({ failed }) => failed)} failed; ${plural(
    sum(({ findings }) => findings),
    'finding',
    'findings',
  )}.`;
}

function rect(x: number, y: number, w: number, h: number, kind: string, title: string): string {
  return `<rect x="${x}" y="${round(y)}" width="${round(Math.max(w - 1, 1))}" height="${round(h)}" class="${kind}"><title>${title}</title></rect>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
