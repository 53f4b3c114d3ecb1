export { ChartGroup } from "./group";
export { LineChart, type LineChartProps } from "./LineChart";
export { seriesColor } from "./palette";
export { type Series, shortValue, type XKind } from "./series";
export { Sparkline } from "./Sparkline";
