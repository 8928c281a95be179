/** A view that fails says so, and the rest of the console stays: the rail, the other views, what is signed in. */

import { Component, type ReactNode } from 'react';
import { Fault } from './states.tsx';

interface Props {
  /** another place is tried anew */
  place: string;
  children: ReactNode;
}

export class Guard extends Component<Props, { error: unknown }> {
  override state: { error: unknown } = { error: null };

  static getDerivedStateFromError(error: unknown): { error: unknown } {
    return { error };
  }

  override componentDidUpdate(before: Props): void {
    if (before.place !== this.props.place && this.state.error !== null) this.setState({ error: null });
  }

  override render(): ReactNode {
    if (this.state.error === null) return this.props.children;
    return <Fault error={this.state.error} again={() => this.setState({ error: null })} />;
  }
}
