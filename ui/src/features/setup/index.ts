export { RegisterMachinePage } from "./RegisterMachinePage";
