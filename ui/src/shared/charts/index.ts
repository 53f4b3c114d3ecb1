export { ChartGrid, ChartGroup, useZoom, type Zoom } from "./group";
export { LineChart, type LineChartProps } from "./LineChart";
export { type SeriesStyle, seriesColor, styles as seriesStyles } from "./palette";
export { type Series, type Smoothing, shortValue, type XKind } from "./series";
export { Sparkline } from "./Sparkline";
