import {
  FieldConfigOptionsRegistry,
  standardFieldConfigEditorRegistry,
  standardTransformers,
  standardTransformersRegistry,
} from '@grafana/data';

const standard = ['color', 'decimals', 'links', 'mappings', 'noValue', 'thresholds', 'unit'];
const custom = ['cellOptions', 'fillOpacity', 'lineStyle', 'width'];

function option(path: string, isCustom: boolean): object {
  return {
    id: isCustom ? `custom.${path}` : path,
    path,
    name: path,
    isCustom,
    process: (value: unknown) => value,
    shouldApply: () => true,
  };
}

/** Grafana does this when it starts; without it no override and no transformation has an effect. */
export function registerAsGrafanaDoes(): void {
  standardFieldConfigEditorRegistry.setInit(
    () => standard.map((path) => option(path, false)) as never,
  );
  standardTransformersRegistry.setInit(
    () =>
      // Some stand there under two names.
      [...new Set(Object.values(standardTransformers))].map((transformation) => ({
        id: transformation.id,
        name: transformation.name,
        transformation: () => transformation,
      })) as never,
  );
}

export function fieldOptions(): FieldConfigOptionsRegistry {
  return new FieldConfigOptionsRegistry(
    () =>
      [
        ...standard.map((path) => option(path, false)),
        ...custom.map((path) => option(path, true)),
      ] as never,
  );
}
