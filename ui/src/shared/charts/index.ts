export { ChartGrid, ChartGroup, useZoom, type Zoom } from "./group";
export { LineChart, type LineChartProps } from "./LineChart";
export { Looks, useLooks } from "./looks";
export { type SeriesStyle, seriesColor, styleColor } from "./palette";
export { type Series, type Smoothing, shortValue, type XKind } from "./series";
export { Sparkline } from "./Sparkline";
