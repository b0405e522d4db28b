import {
  applyFieldOverrides,
  transformDataFrame,
  type DataFrame,
  type TimeRange,
} from '@grafana/data';
import { PanelChrome, useTheme2 } from '@grafana/ui';
import { useEffect, useState } from 'react';
import { lastValueFrom } from 'rxjs';
import type { PanelJson } from './dashboard-json';
import { Drawing } from './drawings';
import { fieldOptions } from './field-options';
import { framesOf } from './prometheus-frames';

const registry = fieldOptions();

export interface PanelViewProps {
  readonly panel: PanelJson;
  readonly range: TimeRange;
  readonly width: number;
  readonly height: number;
  readonly onDrawn: () => void;
}

/** One panel with its data, from the query to the picture. */
export function PanelView({ panel, range, width, height, onDrawn }: PanelViewProps) {
  const theme = useTheme2();
  const [frames, setFrames] = useState<DataFrame[] | string>();
  useEffect(() => {
    void read(panel, range)
      .catch((error: unknown) => String(error))
      .then((result) => {
        setFrames(result);
        onDrawn();
      });
  }, [panel, range]);

  const prepared =
    frames === undefined || typeof frames === 'string'
      ? []
      : applyFieldOverrides({
          data: frames,
          fieldConfig: panel.fieldConfig ?? { defaults: {}, overrides: [] },
          fieldConfigRegistry: registry,
          replaceVariables: (text) => text,
          theme,
          timeZone: 'utc',
        });
  return (
    <PanelChrome title={panel.title} description={panel.description} width={width} height={height}>
      {(innerWidth, innerHeight) =>
        typeof frames === 'string' ? (
          <pre>{frames}</pre>
        ) : frames === undefined ? null : (
          <Drawing
            panel={panel}
            frames={prepared}
            range={range}
            theme={theme}
            width={innerWidth}
            height={innerHeight}
          />
        )
      }
    </PanelChrome>
  );
}

async function read(panel: PanelJson, range: TimeRange): Promise<DataFrame[]> {
  const answers = await Promise.all((panel.targets ?? []).map((target) => framesOf(target, range)));
  return lastValueFrom(transformDataFrame(panel.transformations ?? [], answers.flat()));
}
