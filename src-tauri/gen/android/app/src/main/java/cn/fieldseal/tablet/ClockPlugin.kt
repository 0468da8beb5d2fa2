package cn.fieldseal.tablet

import android.app.Activity
import android.content.BroadcastReceiver
import android.content.Context
import android.content.Intent
import android.content.IntentFilter
import android.os.Build
import android.os.SystemClock
import android.provider.Settings
import androidx.core.content.ContextCompat
import app.tauri.annotation.Command
import app.tauri.annotation.InvokeArg
import app.tauri.annotation.TauriPlugin
import app.tauri.plugin.Channel
import app.tauri.plugin.Invoke
import app.tauri.plugin.JSObject
import app.tauri.plugin.Plugin
import java.util.TimeZone

@InvokeArg
class WatchClockArgs {
  lateinit var channel: Channel
}

/** What only Android knows of its clocks: how often it was started, the zone, the model. Sends the same again when the zone changes. */
@TauriPlugin
class ClockPlugin(private val activity: Activity) : Plugin(activity) {
  private var receiver: BroadcastReceiver? = null

  @Command
  fun watch(invoke: Invoke) {
    val channel = invoke.parseArgs(WatchClockArgs::class.java).channel
    receiver?.let { activity.applicationContext.unregisterReceiver(it) }
    val zones = object : BroadcastReceiver() {
      override fun onReceive(context: Context, intent: Intent) {
        channel.send(now())
      }
    }
    val filter = IntentFilter(Intent.ACTION_TIMEZONE_CHANGED)
    ContextCompat.registerReceiver(activity.applicationContext, zones, filter, ContextCompat.RECEIVER_NOT_EXPORTED)
    receiver = zones
    invoke.resolve(now())
  }

  private fun now(): JSObject {
    val answer = JSObject()
    // A number that grows by one with each start of the system; absent where it does not tell.
    val count = Settings.Global.getInt(activity.contentResolver, Settings.Global.BOOT_COUNT, -1)
    if (count >= 0) {
      answer.put("bootCount", count)
    }
    answer.put("sinceBootMs", SystemClock.elapsedRealtimeNanos() / 1_000_000L)
    answer.put("zone", TimeZone.getDefault().id)
    answer.put("model", Build.MANUFACTURER + " " + Build.MODEL)
    return answer
  }
}
