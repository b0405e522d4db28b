import { createTheme, dateTime, ThemeContext, type TimeRange } from '@grafana/data';
import { GlobalStyles, PortalContainer } from '@grafana/ui';
import { createRoot } from 'react-dom/client';
import type { DashboardJson, PanelJson } from './dashboard-json';
import { registerAsGrafanaDoes } from './field-options';
import { PanelView } from './panel-view';

/** Grafana's grid: 24 columns, rows of 30 px, 8 px between panels. */
const pageWidth = 1600;
const cell = { width: (pageWidth - 16) / 24, height: 38, gap: 8 };

registerAsGrafanaDoes();
const parameters = new URLSearchParams(location.search);
const uid = parameters.get('dashboard') ?? 'oauth-tokens';
const minutes = Number(parameters.get('minutes') ?? 15);
const theme = createTheme({
  colors: { mode: parameters.get('theme') === 'light' ? 'light' : 'dark' },
});
const to = dateTime(Date.now());
const from = dateTime(Date.now() - minutes * 60_000);
const range: TimeRange = { from, to, raw: { from, to } };

const dashboard = (await (await fetch(`/dashboards/${uid}.json`)).json()) as DashboardJson;
const drawn = dashboard.panels.filter(({ type }) => type !== 'row');
const waiting = new Set(drawn.map(({ id }) => id));
const bottom = Math.max(...dashboard.panels.map(({ gridPos }) => gridPos.y + gridPos.h));

document.body.style.background = theme.colors.background.canvas;
createRoot(document.getElementById('root') as HTMLElement).render(
  <ThemeContext.Provider value={theme}>
    <GlobalStyles />
    <PortalContainer />
    <main
      style={{
        position: 'relative',
        width: pageWidth,
        height: bottom * cell.height + cell.gap,
        fontFamily: theme.typography.fontFamily,
        color: theme.colors.text.primary,
      }}
    >
      {dashboard.panels.map((panel) => (
        <Placed key={panel.id} panel={panel} />
      ))}
    </main>
  </ThemeContext.Provider>,
);

function Placed({ panel }: { panel: PanelJson }) {
  const { x, y, w, h } = panel.gridPos;
  const [width, height] = [w * cell.width - cell.gap, h * cell.height - cell.gap];
  return (
    <div
      style={{
        position: 'absolute',
        left: cell.gap + x * cell.width,
        top: cell.gap + y * cell.height,
        width,
        height,
      }}
    >
      {panel.type === 'row' ? (
        <h2 style={{ fontSize: 16, lineHeight: `${height}px`, margin: 0 }}>{panel.title}</h2>
      ) : (
        <PanelView
          panel={panel}
          range={range}
          width={width}
          height={height}
          onDrawn={() => done(panel.id)}
        />
      )}
    </div>
  );
}

/** The photographer waits for this mark. */
function done(id: number): void {
  waiting.delete(id);
  if (waiting.size === 0) document.body.dataset['drawn'] = 'true';
}
